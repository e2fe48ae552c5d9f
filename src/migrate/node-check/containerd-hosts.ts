import type { TomlTable } from 'smol-toml'
import type { Checkup, Where } from './checkup.ts'
import { isBelowApi, isRegistryName, readHostUrl, registryNameFault } from './host-url.ts'
import { type NodeFiles, pathFrom } from './node-files.ts'
import { isTable, isTomlFault, readTomlDocument, type TomlDocument } from './toml-document.ts'

/** What becomes of the files of a folder, by what the config says of it. */
export type FolderState = 'used' | 'partly' | 'unused'

const NAME = 'hosts.toml'
const CAPABILITIES = ['pull', 'resolve', 'push', 'referrers']
const HOST_KEYS = ['capabilities', 'ca', 'client', 'skip_verify', 'header', 'override_path', 'dial_timeout']
const KEYS = [...HOST_KEYS, 'server', 'host']
/** What k3s and RKE2 add to containerd. */
const FORK_KEYS = ['rewrite']
/** Docker Hub is asked by references to docker.io. */
const HUB_NAMES = ['registry-1.docker.io', 'index.docker.io', 'registry.hub.docker.com', 'hub.docker.com']

/** The hosts.toml files below a folder, one level down, and those that are not where containerd looks. */
export function hostsFiles(files: NodeFiles, folder: string): string[] {
  return files
    .list(folder)
    .filter((name) => files.list(`${folder}/${name}`).includes(NAME))
    .map((name) => `${folder}/${name}/${NAME}`)
}

/** Looks at a folder of hosts.toml files: their folders' names, and what is in them (docs/hosts.md of containerd). */
export function checkHostsFolder(checkup: Checkup, folder: string, state: FolderState): void {
  const names = checkup.files.list(folder)
  if (names.includes(NAME)) {
    checkup.fault(
      { file: `${folder}/${NAME}`, line: 1 },
      {
        rule: 'hosts-folder',
        effect: 'unused',
        problem: `${NAME} is right in ${folder}: it is read for no registry`,
        fix: `move it to ${folder}/HOST/${NAME}, or to ${folder}/_default/${NAME} for all registries`,
      },
    )
  }
  for (const name of names) checkHost(checkup, folder, name, state)
}

function checkHost(checkup: Checkup, folder: string, name: string, state: FolderState): void {
  const entries = checkup.files.list(`${folder}/${name}`)
  const file = `${folder}/${name}/${NAME}`
  if (!entries.includes(NAME)) {
    reportLookalikes(checkup, folder, name, entries)
    return
  }
  const fault = folderNameFault(checkup.files, folder, name)
  if (fault !== undefined) {
    checkup.fault({ file, line: 1 }, { rule: 'hosts-folder', effect: 'unused', ...fault })
  }
  checkHostsFile(checkup, file, registryOf(name), fault === undefined ? state : 'unused')
}

/** Files that are nearly hosts.toml, or deeper than it may be. */
function reportLookalikes(checkup: Checkup, folder: string, name: string, entries: readonly string[]): void {
  for (const entry of entries) {
    const path = `${folder}/${name}/${entry}`
    const isDeeper = checkup.files.list(path).includes(NAME)
    if (!isDeeper && !/^hosts?\.(?:tml|yaml|yml|json|conf)$|^host\.toml$|^config\.toml$/.test(entry)) continue
    checkup.fault(
      { file: isDeeper ? `${path}/${NAME}` : path, line: 1 },
      {
        rule: isDeeper ? 'hosts-folder' : 'hosts-file-name',
        effect: 'unused',
        problem: isDeeper
          ? `${name}/${entry} is a folder for part of a registry, of which containerd knows none`
          : `${entry} is not read: the file is called ${NAME}`,
        fix: `move it to ${folder}/${name}/${NAME}`,
      },
    )
  }
}

/** The registry of a folder's name: `HOST_PORT_` stands for `HOST:PORT`, and `_default` for all. */
export function registryOf(name: string): string {
  return name === '_default' ? '*' : name.replace(/^(.+)_([0-9]+)_$/, '$1:$2')
}

/** Why containerd finds no registry for a folder (`hostPaths`, containerd 2.2: `HOST_PORT_`, `HOST:PORT`, `_default`). */
function folderNameFault(
  files: NodeFiles,
  folder: string,
  name: string,
): { readonly problem: string; readonly fix: string } | undefined {
  const rename = (to: string) => `mv ${folder}/${name} ${folder}/${to}`
  if (name === '_default') return undefined
  if (HUB_NAMES.includes(name)) {
    return {
      problem: `references to Docker Hub begin with docker.io, not with ${name}`,
      fix: rename('docker.io'),
    }
  }
  if (name === '*' || name === 'default' || name === '_default_') {
    return { problem: 'the folder for all registries is _default', fix: rename('_default') }
  }
  const [, host, port] = /^(.+?)[_-]([0-9]{2,5})$/.exec(name) ?? []
  if (host !== undefined && /_[0-9]+$/.test(name)) {
    return {
      problem: `of ${host}:${port} the folder is ${host}_${port}_ or ${host}:${port}`,
      fix: rename(`${host}_${port}_`),
    }
  }
  const registry = registryOf(name)
  if (!isRegistryName(registry)) {
    return {
      problem: `no reference begins with ${name}: ${registryNameFault(registry)}`,
      fix: rename('HOST'),
    }
  }
  const first = registry === name ? name.replace(/:([0-9]+)$/, '_$1_') : name
  if (first !== name && files.list(`${folder}/${first}`).length > 0) {
    return {
      problem: `${folder}/${first} is there too, and is the one that is read`,
      fix: `keep one of the two`,
    }
  }
  return undefined
}

/** Looks at one hosts.toml, for a registry, or `*`. */
export function checkHostsFile(checkup: Checkup, file: string, registry: string, state: FolderState): void {
  const text = checkup.text(file)
  if (text === undefined) return
  const read = readTomlDocument(text)
  if (isTomlFault(read)) {
    dropped(checkup, { file, line: read.line }, `it is no TOML: ${read.reason}`, 'mend the line')
    return
  }
  const hosts = hostTables(read)
  const isDropped = [
    ...hosts.map(({ name, table }) => checkTable(checkup, file, read, table, ['host', name], HOST_KEYS)),
    checkTable(checkup, file, read, read.value, [], KEYS),
  ].some(Boolean)
  const own = isDropped ? 'unused' : state
  const server =
    typeof read.value.server === 'string' && read.value.server !== '' ? read.value.server : undefined
  const asked = hosts.map(({ name, table }) => ({
    name,
    table,
    where: { file, line: read.line(['host', name]) },
  }))
  const rest = server !== undefined && !isRegistryItself(server, registry)
  if (rest) asked.push({ name: server, table: read.value, where: { file, line: read.line(['server']) } })
  for (const [index, { name, table, where }] of asked.entries()) {
    const { asks, state: reachable } = checkUrl(checkup, where, name, table)
    const capable = checkCapabilities(checkup, { file, line: capabilityLine(read, name, where) }, table)
    const next = asked[index + 1]?.name ?? (rest ? null : fallbackOf(registry, server))
    checkup.mirror(where, {
      registry,
      asks,
      state: worst(own, reachable, capable),
      fallback: next,
    })
  }
}

function worst(...states: readonly FolderState[]): FolderState {
  return states.includes('unused') ? 'unused' : states.includes('partly') ? 'partly' : 'used'
}

/** Who is asked last: what `server` names, which is the registry itself where it names none. */
function fallbackOf(registry: string, server: string | undefined): string {
  if (server !== undefined) return server
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

/** Keys that nobody reads, and values with which containerd drops the file; tells whether it does. */
function checkTable(
  checkup: Checkup,
  file: string,
  read: TomlDocument,
  table: TomlTable,
  path: readonly string[],
  known: readonly string[],
): boolean {
  let isDropped = false
  for (const [key, value] of Object.entries(table)) {
    const where = { file, line: read.line([...path, key]) }
    if (![...known, ...FORK_KEYS].includes(key)) {
      checkup.fault(where, {
        rule: 'hosts-key',
        effect: 'unused',
        problem: `${key} is no key of ${path.length === 0 ? NAME : 'a host'}: it is not read`,
        fix: `the keys are ${known.join(', ')}`,
      })
      continue
    }
    const reason = valueFault(key, value)
    if (reason === undefined) {
      if (key === 'ca' || key === 'client') checkCertificates(checkup, where, key, value)
      continue
    }
    isDropped = true
    dropped(checkup, where, reason, 'mend the value')
  }
  return isDropped
}

function valueFault(key: string, value: unknown): string | undefined {
  if (key === 'capabilities') {
    if (!Array.isArray(value)) return 'capabilities is no list'
    const unknown = value.find((one) => !CAPABILITIES.includes(String(one).toLowerCase()))
    return unknown === undefined
      ? undefined
      : `unknown capability ${JSON.stringify(unknown)}, of ${CAPABILITIES.join(', ')}`
  }
  if (key === 'skip_verify' || key === 'override_path') {
    return typeof value === 'boolean' ? undefined : `${key} is ${JSON.stringify(value)}, not true or false`
  }
  if (key === 'server') return typeof value === 'string' ? undefined : 'server is no text'
  if (key === 'host' || key === 'header') return isTable(value) ? undefined : `${key} is no table`
  return undefined
}

/** containerd logs an error, and pulls as if there were no file (`loadHostDir`). */
function dropped(checkup: Checkup, where: Where, reason: string, fix: string): void {
  checkup.fault(where, {
    rule: 'hosts-dropped',
    effect: 'unused',
    problem: `containerd drops the whole file: ${reason}`,
    fix,
  })
}

/** Files that are named and missing fail each pull of that registry. */
function checkCertificates(checkup: Checkup, where: Where, key: string, value: unknown): void {
  const names = [value].flat(2).filter((one) => typeof one === 'string')
  for (const name of names) {
    const path = pathFrom(where.file, name)
    if (checkup.files.read(path) !== undefined) continue
    checkup.fault(where, {
      rule: 'certificate-missing',
      effect: 'broken',
      problem: `${key} is ${path}, which is not there: each pull of this registry fails`,
      fix: `put the file there, or take ${key} out`,
    })
  }
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
