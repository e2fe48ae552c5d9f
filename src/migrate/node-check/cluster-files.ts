import type { Checkup, MirrorLink, Where } from './checkup.ts'
import { isBelowApi, isRegistryName, readHostUrl, registryNameFault } from './host-url.ts'
import { isRecord, type SettingsDocument, textsOf, valueAt } from './settings-text.ts'

/** Looks at a document of Talos: mirrors of its machine config, or a RegistryMirrorConfig of 1.12 and later. */
export function checkTalos(checkup: Checkup, file: string, document: SettingsDocument): void {
  const { value } = document
  if (valueAt(value, 'kind') === 'RegistryMirrorConfig') {
    const at = (...path: (string | number)[]): Where => ({ file, line: document.line(path) })
    const endpoints = valueAt(value, 'endpoints')
    const entries = (Array.isArray(endpoints) ? endpoints : []).map((one, index) => ({
      url: String(valueAt(one, 'url')),
      overridesPath: valueAt(one, 'overridePath') === true,
      where: at('endpoints', index),
    }))
    talosMirror(
      checkup,
      String(valueAt(value, 'name')),
      at('name'),
      entries,
      valueAt(value, 'skipFallback') === true,
    )
    return
  }
  const mirrors = valueAt(value, 'machine', 'registries', 'mirrors')
  for (const [name, mirror] of Object.entries(isRecord(mirrors) ? mirrors : {})) {
    const path = ['machine', 'registries', 'mirrors', name]
    const entries = textsOf(valueAt(mirror, 'endpoints')).map((url, index) => ({
      url,
      overridesPath: valueAt(mirror, 'overridePath') === true,
      where: { file, line: document.line([...path, 'endpoints', index]) },
    }))
    const where = { file, line: document.line(path) }
    talosMirror(checkup, name, where, entries, valueAt(mirror, 'skipFallback') === true)
  }
}

interface Endpoint {
  readonly url: string
  readonly overridesPath: boolean
  readonly where: Where
}

/** Talos puts `/v2` behind a path unless `overridePath` is set. */
function talosMirror(
  checkup: Checkup,
  name: string,
  where: Where,
  endpoints: readonly Endpoint[],
  skipsFallback: boolean,
): void {
  const isName = checkName(checkup, where, name, name === '*')
  const links = endpoints.map(({ url: written, overridesPath, where: at }): MirrorLink => {
    const url = readHostUrl(written)
    let works = url !== undefined
    if (url === undefined) {
      checkup.fault(at, {
        rule: 'mirror-endpoint',
        effect: 'broken',
        problem: `${JSON.stringify(written)} is no URL: the machine config is refused`,
        fix: `write https://${written}`,
      })
    } else if (!overridesPath && isBelowApi(url.path)) {
      works = false
      checkup.fault(at, {
        rule: 'doubled-v2',
        effect: 'unused',
        problem: `Talos puts /v2 behind the path, and asks ${written}/v2/NAME/…`,
        fix: 'write overridePath: true',
      })
    } else if (overridesPath && !/(?:^|\/)v2(?:\/|$)/.test(url.path)) {
      works = false
      checkup.fault(at, {
        rule: 'no-v2',
        effect: 'unused',
        problem: `overridePath leaves the path as it is, without the /v2 that registries have: ${written}/NAME/…`,
        fix: `write ${url.scheme}://${url.host}/v2${url.path}, or take overridePath out`,
      })
    }
    const base = url === undefined ? '' : `${url.scheme}://${url.host}`
    const asks =
      url === undefined
        ? written
        : `${base}${overridesPath || url.path === '/v2' ? url.path : `${url.path}/v2`}`
    return { where: at, asks, state: isName && works ? 'used' : 'unused' }
  })
  checkup.chain(name, links, skipsFallback ? null : name === '*' ? 'the registry itself' : name)
}

/** Looks at a Cluster of kOps. */
export function checkKops(checkup: Checkup, file: string, document: SettingsDocument): void {
  const path = ['spec', 'containerd', 'registryMirrors']
  const mirrors = valueAt(document.value, ...path)
  for (const [name, urls] of Object.entries(isRecord(mirrors) ? mirrors : {})) {
    const where = { file, line: document.line([...path, name]) }
    const isName = checkName(checkup, where, name, name === '*')
    const endpoints = textsOf(urls)
    const links = endpoints.map((written, index): MirrorLink => {
      const at = { file, line: document.line([...path, name, index]) }
      const url = readHostUrl(written)
      const hasApi = url === undefined || url.path === '' || /(?:^|\/)v2(?:\/|$)/.test(url.path)
      if (url === undefined || !hasApi) {
        checkup.fault(at, {
          rule: url === undefined ? 'mirror-endpoint' : 'no-v2',
          effect: url === undefined ? 'broken' : 'unused',
          problem:
            url === undefined
              ? `${JSON.stringify(written)} is no URL: pulls of that registry fail`
              : `an endpoint with a path is asked without /v2: ${written}/NAME/…`,
          fix: `write ${url === undefined ? `https://${written}` : `${url.scheme}://${url.host}/v2${url.path}`}`,
        })
      }
      return { where: at, asks: written, state: url !== undefined && hasApi && isName ? 'used' : 'unused' }
    })
    checkup.chain(name, links, name === '*' ? 'the registry itself' : name)
  }
  if (valueAt(document.value, 'spec', 'containerd', 'configOverride') === undefined || !isRecord(mirrors))
    return
  checkup.fault(
    { file, line: document.line(path) },
    {
      rule: 'config-override',
      effect: 'unused',
      problem: 'configOverride takes the place of the whole config, these mirrors included',
      fix: 'put the mirrors into configOverride, or take that out',
    },
  )
}

const SETS = {
  ImageTagMirrorSet: { key: 'imageTagMirrors', use: 'by tag' },
  ImageDigestMirrorSet: { key: 'imageDigestMirrors', use: 'by digest' },
  ImageContentSourcePolicy: { key: 'repositoryDigestMirrors', use: 'by digest' },
} as const

/** Looks at OpenShift's objects for mirrors, all of a file together: one kind is for tags, the others for digests. */
export function checkOpenshift(checkup: Checkup, file: string, documents: readonly SettingsDocument[]): void {
  const entries = documents.flatMap((document) => mirrorEntries(file, document))
  for (const { kind, source, mirrors, never, where } of entries) {
    const { use } = SETS[kind]
    for (const text of [source, ...mirrors]) checkLocation(checkup, where, text)
    const hasOther = entries.some((one) => one.source === source && SETS[one.kind].use !== use)
    if (!hasOther) {
      const other = use === 'by tag' ? 'ImageDigestMirrorSet' : 'ImageTagMirrorSet'
      checkup.fault(where, {
        rule: 'mirror-use',
        effect: 'partial',
        problem: `${kind} is for references ${use} alone: the others of ${source} do not go to the mirror`,
        fix: `add the same to an ${other}; portolan node-config --for openshift prints both`,
      })
    }
    const works = hasOther ? 'used' : 'partly'
    const links = mirrors.map(
      (mirror): MirrorLink => ({
        where,
        asks: mirror,
        state: /:\/\//.test(source + mirror) ? 'unused' : works,
      }),
    )
    checkup.chain(source, links, never ? null : source)
  }
}

function mirrorEntries(file: string, document: SettingsDocument) {
  const kind = valueAt(document.value, 'kind')
  if (typeof kind !== 'string' || !isSet(kind)) return []
  const { key } = SETS[kind]
  const entries = valueAt(document.value, 'spec', key)
  return (Array.isArray(entries) ? entries : []).map((entry, index) => ({
    kind,
    source: String(valueAt(entry, 'source')),
    mirrors: textsOf(valueAt(entry, 'mirrors')),
    never: valueAt(entry, 'mirrorSourcePolicy') === 'NeverContactSource',
    where: { file, line: document.line(['spec', key, index]) },
  }))
}

/** Whether a kind of object is one of OpenShift's for mirrors. */
export function isSet(kind: string): kind is keyof typeof SETS {
  return Object.hasOwn(SETS, kind)
}

function checkLocation(checkup: Checkup, where: Where, text: string): void {
  if (!/:\/\/|\/$|\/v2(?:\/|$)/.test(text)) return
  checkup.fault(where, {
    rule: 'mirror-location',
    effect: 'broken',
    problem: `${text} is no beginning of a reference: it has a scheme, /v2, or a / at the end`,
    fix: `write ${text
      .replace(/^\w+:\/\//, '')
      .replace(/\/v2(?=\/|$)/, '')
      .replace(/\/+$/, '')}`,
  })
}

function checkName(checkup: Checkup, where: Where, name: string, isAll: boolean): boolean {
  if (isAll || isRegistryName(name)) return true
  checkup.fault(where, {
    rule: 'mirror-name',
    effect: 'unused',
    problem: `${name} is for no reference: ${registryNameFault(name)}`,
    fix: 'name the registry as references do, such as registry.k8s.io',
  })
  return false
}
