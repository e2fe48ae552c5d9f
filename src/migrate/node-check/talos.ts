import type { Checkup, MirrorLink, Where } from './checkup.ts'
import { isBelowApi, readHostUrl } from './host-url.ts'
import { checkRegistryName, registryItself } from './registry-name.ts'
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
  const isName = checkRegistryName(checkup, where, name)
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
  checkup.chain(name, links, skipsFallback ? null : registryItself(name))
}
