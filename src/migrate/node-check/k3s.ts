import type { Checkup, MirrorLink, Where } from './checkup.ts'
import { readHostUrl } from './host-url.ts'
import { checkRegistryName, registryItself } from './registry-name.ts'
import {
  isRecord,
  isSettingsFault,
  readSettings,
  type SettingsDocument,
  textsOf,
  valueAt,
} from './settings-text.ts'
import { unitCommands } from './systemd-units.ts'

const MIRROR_KEYS = ['endpoint', 'rewrite']
const NO_DEFAULT = 'disable-default-registry-endpoint'

/** Looks at `registries.yaml` of k3s or RKE2, of which these write containerd's hosts.toml. */
export function checkK3s(checkup: Checkup, name: 'k3s' | 'rke2'): void {
  const folder = `/etc/rancher/${name}`
  for (const entry of checkup.files.list(folder)) {
    if (!/^registr(?:y|ies)\.(?:ya?ml|toml|json)$/.test(entry) || entry === 'registries.yaml') continue
    checkup.fault(
      { file: `${folder}/${entry}`, line: 1 },
      {
        rule: 'registries-file-name',
        effect: 'unused',
        problem: 'is not read: the file is called registries.yaml',
        fix: `mv ${folder}/${entry} ${folder}/registries.yaml`,
      },
    )
  }
  const units = name === 'k3s' ? ['k3s', 'k3s-agent'] : ['rke2-server', 'rke2-agent']
  const commands = units.flatMap((unit) => unitCommands(checkup, `${unit}.service`))
  const isFlagSet = commands.some(({ words }) =>
    words.some((word) => word === `--${NO_DEFAULT}` || word === `--${NO_DEFAULT}=true`),
  )
  checkRegistriesYaml(checkup, `${folder}/registries.yaml`, isFlagSet || isSetInConfig(checkup, folder))
}

function isSetInConfig(checkup: Checkup, folder: string): boolean {
  const more = checkup.files.list(`${folder}/config.yaml.d`).filter((name) => /\.ya?ml$/.test(name))
  return [`${folder}/config.yaml`, ...more.map((name) => `${folder}/config.yaml.d/${name}`)].some((file) => {
    const read = readSettings(checkup.text(file) ?? '')
    return !isSettingsFault(read) && read.some(({ value }) => valueAt(value, NO_DEFAULT) === true)
  })
}

/** Looks at one `registries.yaml`. */
export function checkRegistriesYaml(checkup: Checkup, file: string, noDefault: boolean): void {
  const text = checkup.text(file)
  if (text === undefined) return
  const read = readSettings(text)
  if (isSettingsFault(read)) {
    checkup.fault(
      { file, line: read.line },
      {
        rule: 'not-yaml',
        effect: 'broken',
        problem: `is no YAML, so that the service does not start: ${read.reason}`,
        fix: 'mend the line',
      },
    )
    return
  }
  const [document] = read
  const mirrors = valueAt(document?.value, 'mirrors')
  if (document === undefined || !isRecord(mirrors)) return
  for (const [registry, mirror] of Object.entries(mirrors)) {
    checkRegistry(checkup, file, document, registry, isRecord(mirror) ? mirror : {}, noDefault)
  }
}

function checkRegistry(
  checkup: Checkup,
  file: string,
  document: SettingsDocument,
  registry: string,
  mirror: Readonly<Record<string, unknown>>,
  noDefault: boolean,
): void {
  const at = (...path: (string | number)[]): Where => ({
    file,
    line: document.line(['mirrors', registry, ...path]),
  })
  const isName = checkRegistryName(checkup, at(), registry)
  for (const key of Object.keys(mirror).filter((one) => !MIRROR_KEYS.includes(one))) {
    checkup.fault(at(key), {
      rule: 'registries-key',
      effect: 'unused',
      problem: `${key} is no key of a mirror: it is not read`,
      fix: `the keys are ${MIRROR_KEYS.join(' and ')}`,
    })
  }
  const rewrites = isRecord(mirror.rewrite) ? mirror.rewrite : {}
  for (const pattern of Object.keys(rewrites)) checkPattern(checkup, at('rewrite', pattern), pattern)
  const endpoints = textsOf(mirror.endpoint)
  const links = endpoints.map((endpoint, index): MirrorLink => {
    const where = at('endpoint', index)
    const { asks, works } = checkEndpoint(checkup, where, endpoint, Object.values(rewrites))
    return { where, asks, state: isName && works ? 'used' : 'unused' }
  })
  checkup.chain(registry, links, noDefault ? null : registryItself(registry))
}

/** Patterns are those of Go, which has neither look-around nor back-references. */
function checkPattern(checkup: Checkup, where: Where, pattern: string): void {
  let isPattern = !/\(\?[=!<](?!P?<)/.test(pattern)
  try {
    new RegExp(pattern)
  } catch {
    isPattern = false
  }
  if (isPattern) return
  checkup.fault(where, {
    rule: 'rewrite-pattern',
    effect: 'unused',
    problem: `${pattern} is no regular expression that Go reads`,
    fix: 'write one such as "^(.*)$", in quotes',
  })
}

/** With a path other than `/v2` an endpoint is asked as it is (`normalizeEndpointAddress` of k3s). */
function checkEndpoint(
  checkup: Checkup,
  where: Where,
  written: string,
  rewrites: readonly unknown[],
): { readonly asks: string; readonly works: boolean } {
  const url = readHostUrl(/:\/\//.test(written) ? written : `https://${written}`)
  if (url === undefined) {
    checkup.fault(where, {
      rule: 'mirror-endpoint',
      effect: 'unused',
      problem: `${JSON.stringify(written)} is no URL, and left out`,
      fix: 'write https://HOST',
    })
    return { asks: written, works: false }
  }
  const { scheme, host, path } = url
  const asks = `${scheme}://${host}${path || '/v2'}`
  const prefix = path.replace(/^\/v2\/?/, '')
  if (path !== '' && !/(?:^|\/)v2(?:\/|$)/.test(path)) {
    checkup.fault(where, {
      rule: 'no-v2',
      effect: 'unused',
      problem: `an endpoint with a path is asked without /v2: ${written}/NAME/…`,
      fix: `write ${scheme}://${host}/v2${path}, or ${scheme}://${host} with rewrite: {"^(.*)$": "${path.slice(1)}/$1"}`,
    })
    return { asks, works: false }
  }
  const doubles = rewrites.some(
    (to) => typeof to === 'string' && prefix !== '' && to.startsWith(`${prefix}/`),
  )
  if (/\/v2\/v2(?:\/|$)/.test(path) || doubles) {
    checkup.fault(where, {
      rule: doubles ? 'doubled-path' : 'doubled-v2',
      effect: 'unused',
      problem: doubles
        ? `both the endpoint and rewrite add ${prefix}/`
        : `the path has /v2 twice: ${scheme}://${host}${path}`,
      fix: doubles
        ? `write ${scheme}://${host}, and leave rewrite`
        : `write ${scheme}://${host}${path.replace('/v2/v2', '/v2')}`,
    })
    return { asks, works: false }
  }
  return { asks, works: true }
}
