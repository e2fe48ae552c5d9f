import type { TomlTable } from 'smol-toml'
import type { Checkup, Where } from './checkup.ts'
import { checkTable, dropped, HOST_KEYS, KEYS } from './containerd-host-keys.ts'
import { isBelowApi, readHostUrl } from './host-url.ts'
import { isTable, isTomlFault, readTomlDocument, type TomlDocument } from './toml-document.ts'

/** What becomes of the files of a folder, by what the config says of it. */
export type FolderState = 'used' | 'partly' | 'unused'

export const HOSTS_NAME = 'hosts.toml'

/** Docker Hub is asked by references to docker.io. */
export const HUB_NAMES = [
  'registry-1.docker.io',
  'index.docker.io',
  'registry.hub.docker.com',
  'hub.docker.com',
]

/** Looks at one hosts.toml, for a registry, or `*`. */
export function checkHostsFile(checkup: Checkup, file: string, registry: string, state: FolderState): void {
  const text = checkup.text(file)
  if (text === undefined) return
  const read = readTomlDocument(text)
  if (isTomlFault(read)) {
    dropped(checkup, { file, line: read.line }, `it is no TOML: ${read.reason}`, 'mend the line')
    return
  }
  const tables = hostTables(read)
  const isDropped = [
    ...tables.map(({ name, table }) => checkTable(checkup, file, read, table, ['host', name], HOST_KEYS)),
    checkTable(checkup, file, read, read.value, [], KEYS),
  ].some(Boolean)
  const own = worst(isDropped ? 'unused' : state, checkHasHost(checkup, file, read, tables.length))
  const server = serverOf(read, registry)
  const hosts = tables.map(({ name, table }) => askedHost(checkup, file, read, name, table, ['host', name]))
  const last =
    server === undefined ? undefined : askedHost(checkup, file, read, server, read.value, ['server'])
  // The mirror is written as its own server so that nobody else is asked.
  const asked = [...hosts, ...(last === undefined || hosts.at(-1)?.asks === last.asks ? [] : [last])]
  const links = asked.map((host) => ({ ...host, state: worst(own, host.state) }))
  checkup.chain(registry, links, server === undefined ? fallbackOf(registry, read.value.server) : null)
}

/** containerd 1.x drops a file without any host (`getSortedHosts`: invalid `host` tree). */
function checkHasHost(checkup: Checkup, file: string, read: TomlDocument, hosts: number): FolderState {
  const { version } = checkup.request
  if (hosts > 0 || read.value.server === undefined || (version !== undefined && version.major >= 2))
    return 'used'
  checkup.fault(
    { file, line: read.line(['server']) },
    {
      rule: 'hosts-without-host',
      effect: 'unused',
      problem: 'containerd drops a file that has a server and no host',
      fix: `write [host.${JSON.stringify(read.value.server)}] too, with the same keys below it`,
      versions: 'containerd 1.x',
    },
  )
  return version === undefined ? 'partly' : 'unused'
}

/** What is asked by one table, and how well that goes. */
function askedHost(
  checkup: Checkup,
  file: string,
  read: TomlDocument,
  name: string,
  table: TomlTable,
  path: readonly string[],
): { readonly where: Where; readonly asks: string; readonly state: FolderState } {
  const where = { file, line: read.line(path) }
  const { asks, state } = checkUrl(checkup, where, name, table)
  const capable = checkCapabilities(checkup, { file, line: capabilityLine(read, name, where) }, table)
  return { where, asks, state: worst(state, capable) }
}

/** What `server` names, where that is not the registry itself. */
function serverOf({ value }: TomlDocument, registry: string): string | undefined {
  const { server } = value
  if (typeof server !== 'string' || server === '') return undefined
  return isRegistryItself(server, registry) ? undefined : server
}

function worst(...states: readonly FolderState[]): FolderState {
  return states.includes('unused') ? 'unused' : states.includes('partly') ? 'partly' : 'used'
}

/** Who is asked last: what `server` names, which is the registry itself where it names none. */
function fallbackOf(registry: string, server: unknown): string {
  if (typeof server === 'string' && server !== '') return server
  return registry === '*' ? 'the registry itself' : registry
}

function isRegistryItself(server: string, registry: string): boolean {
  const host = readHostUrl(/^http/.test(server) ? server : `https://${server}`)?.host
  if (host === undefined || registry === host) return true
  return registry === 'docker.io' && HUB_NAMES.includes(host)
}

function hostTables({ value }: TomlDocument): { readonly name: string; readonly table: TomlTable }[] {
  if (!isTable(value.host)) return []
  return Object.entries(value.host).flatMap(([name, table]) => (isTable(table) ? [{ name, table }] : []))
}

function capabilityLine(read: TomlDocument, name: string, { line }: Where): number {
  const own = read.line(['host', name, 'capabilities'])
  return own > line ? own : line
}

/** Gives what is asked, without the name of the image: `/v2` is put behind a path unless it is there or overridden. */
function checkUrl(
  checkup: Checkup,
  where: Where,
  written: string,
  table: TomlTable,
): { readonly asks: string; readonly state: FolderState } {
  const overrides = table.override_path === true
  const url = readHostUrl(/^https?:\/\//.test(written) ? written : `https://${written}`)
  if (url === undefined) {
    dropped(
      checkup,
      where,
      `${JSON.stringify(written)} is no URL`,
      'write https://HOST or https://HOST/v2/PATH',
    )
    return { asks: written, state: 'unused' }
  }
  const { scheme, host, path } = url
  const base = `${scheme}://${host}`
  let state: FolderState = 'used'
  if (!overrides && isBelowApi(path) && !path.endsWith('/v2')) {
    state = 'unused'
    checkup.fault(where, {
      rule: 'doubled-v2',
      effect: 'unused',
      problem: `containerd puts /v2 behind the path, and asks ${base}${path}/v2/NAME/…`,
      fix: 'write override_path = true below it',
    })
  } else if (/\/v2\/v2(?:\/|$)/.test(path)) {
    state = 'unused'
    checkup.fault(where, {
      rule: 'doubled-v2',
      effect: 'unused',
      problem: `the path has /v2 twice: ${base}${path}`,
      fix: `write ${base}${path.replace('/v2/v2', '/v2')}`,
    })
  } else if (overrides && !/(?:^|\/)v2(?:\/|$)/.test(path)) {
    state = 'partly'
    checkup.fault(where, {
      rule: 'no-v2',
      effect: 'partial',
      problem: `override_path leaves the path as it is, without the /v2 that registries have: ${base}${path}/NAME/…`,
      fix: `write ${base}/v2${path}, or take override_path out`,
    })
  }
  return { asks: `${base}${overrides || path.endsWith('/v2') ? path : `${path}/v2`}`, state }
}

/** Without `pull` nothing is fetched there, without `resolve` no tag is looked up there. */
function checkCapabilities(checkup: Checkup, where: Where, table: TomlTable): FolderState {
  const list = Array.isArray(table.capabilities)
    ? table.capabilities.map((one) => String(one).toLowerCase())
    : []
  if (list.length === 0) return 'used'
  const lacks = (name: string, effect: 'unused' | 'partial', problem: string) => {
    if (list.includes(name)) return false
    checkup.fault(where, {
      rule: 'capabilities',
      effect,
      problem,
      fix: 'write capabilities = ["pull", "resolve"]',
    })
    return true
  }
  if (lacks('pull', 'unused', 'capabilities lack "pull": nothing is pulled from there')) return 'unused'
  return lacks(
    'resolve',
    'partial',
    'capabilities lack "resolve": tags are looked up elsewhere, only digests come from there',
  )
    ? 'partly'
    : 'used'
}
