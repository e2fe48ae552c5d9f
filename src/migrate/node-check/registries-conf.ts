import type { TomlTable } from 'smol-toml'
import type { Checkup, MirrorLink, Where } from './checkup.ts'
import { isTable, isTomlFault, readTomlDocument, type TomlDocument } from './toml-document.ts'

/** Where CRI-O, Podman, Buildah and skopeo read registries from, the drop-ins in the order of their names. */
export const REGISTRIES_CONF = '/etc/containers/registries.conf'
export const REGISTRIES_FOLDER = '/etc/containers/registries.conf.d'

/** One `[[registry]]`, with the file and the line where it begins. */
export interface RegistryEntry extends Where {
  readonly prefix: string
  readonly location: string
  readonly isBlocked: boolean
  readonly byDigestOnly: boolean
  readonly mirrors: readonly RegistryMirror[]
}

/** One `[[registry.mirror]]`. */
export interface RegistryMirror extends Where {
  readonly location: string
  readonly use: 'all' | 'digest-only' | 'tag-only'
}

const KEYS = ['prefix', 'location', 'insecure', 'blocked', 'mirror-by-digest-only', 'mirror']
const MIRROR_KEYS = ['location', 'insecure', 'pull-from-mirror']
const USES = ['all', 'digest-only', 'tag-only'] as const

/**
 * Looks at containers-registries.conf(5) and its drop-ins. What they refuse, they refuse as a whole: with one faulty
 * entry nothing is pulled at all (tried with skopeo 1.9). Gives what is left of the entries: of those with one prefix
 * the last file counts, and in a file the first one.
 */
export function checkRegistriesConf(checkup: Checkup): readonly RegistryEntry[] {
  const entries = new Map<string, RegistryEntry>()
  for (const path of [REGISTRIES_CONF, ...dropIns(checkup)]) {
    for (const [prefix, entry] of entriesOf(checkup, path)) {
      const before = entries.get(prefix)
      if (before !== undefined) reportReplaced(checkup, before, entry)
      entries.set(prefix, entry)
    }
  }
  const isRefused = checkup.findings.some(({ effect }) => effect === 'broken')
  const all = [...entries.values()]
  for (const entry of all) reportEntry(checkup, entry, isRefused)
  return isRefused ? [] : all
}

/** Looks at one file alone. */
export function checkRegistriesFile(checkup: Checkup, file: string): void {
  const entries = [...entriesOf(checkup, file).values()]
  const isRefused = checkup.findings.some(({ effect }) => effect === 'broken')
  for (const entry of entries) reportEntry(checkup, entry, isRefused)
}

/** Files that do not end with `.conf` are passed over. */
function dropIns(checkup: Checkup): string[] {
  const names = checkup.files.list(REGISTRIES_FOLDER)
  for (const name of names) {
    if (name.endsWith('.conf') || !/registr|mirror|\.(?:toml|conf\.\w+)$/i.test(name)) continue
    if (/\.(?:bak|orig|rpmsave|rpmnew|dpkg-\w+|disabled)$|~$/.test(name)) continue
    checkup.fault(
      { file: `${REGISTRIES_FOLDER}/${name}`, line: 1 },
      {
        rule: 'drop-in-name',
        effect: 'unused',
        problem: 'is not read: its name does not end with .conf',
        fix: `mv ${REGISTRIES_FOLDER}/${name} ${REGISTRIES_FOLDER}/${name.replace(/\.\w+$/, '')}.conf`,
      },
    )
  }
  return names.filter((name) => name.endsWith('.conf')).map((name) => `${REGISTRIES_FOLDER}/${name}`)
}

/** The entries of one file, by prefix. */
function entriesOf(checkup: Checkup, file: string): Map<string, RegistryEntry> {
  const entries = new Map<string, RegistryEntry>()
  const text = checkup.text(file)
  if (text === undefined) return entries
  const read = readTomlDocument(text)
  if (isTomlFault(read)) {
    refused(checkup, { file, line: read.line }, `it is no TOML: ${read.reason}`, 'mend the line')
    return entries
  }
  checkForm(checkup, file, read)
  for (const [index, table] of tablesOf(read.value.registry).entries()) {
    const entry = entryOf(checkup, file, read, table, index)
    if (entry === undefined) continue
    const first = entries.get(entry.prefix)
    if (first === undefined) entries.set(entry.prefix, entry)
    else reportTwice(checkup, first, entry)
  }
  return entries
}

function checkForm(checkup: Checkup, file: string, { value, line }: TomlDocument): void {
  const old = value.registries
  if (old !== undefined && !isTable(old)) {
    refused(
      checkup,
      { file, line: line(['registries']) },
      'the tables are called [[registry]]',
      'write [[registry]]',
    )
  } else if (isTable(old) && value.registry !== undefined) {
    const fix = 'write unqualified-search-registries = […] and [[registry]] instead of [registries.…]'
    refused(checkup, { file, line: line(['registries']) }, 'it mixes the forms of version 1 and 2', fix)
  }
  if (value.registry !== undefined && !Array.isArray(value.registry)) {
    const fix = 'write [[registry]] with a location before [[registry.mirror]]'
    refused(checkup, { file, line: line(['registry']) }, 'registry is no list of tables', fix)
  }
}

function entryOf(
  checkup: Checkup,
  file: string,
  read: TomlDocument,
  table: TomlTable,
  index: number,
): RegistryEntry | undefined {
  const at = (...path: (string | number)[]) => ({ file, line: read.line(['registry', index, ...path]) })
  checkKeys(checkup, table, KEYS, (key) => at(key))
  const location = textOf(table.location)
  const prefix = textOf(table.prefix) ?? location
  if (prefix === undefined) {
    refused(checkup, at(), 'an entry has neither a prefix nor a location', 'write location = "HOST"')
    return undefined
  }
  const isWild = prefix.startsWith('*.')
  if (location === undefined && !isWild) {
    refused(checkup, at('prefix'), `${prefix} has no location`, `write location = ${JSON.stringify(prefix)}`)
  }
  for (const key of ['location', 'prefix']) checkLocation(checkup, at(key), textOf(table[key]))
  if (prefix.slice(isWild ? 2 : 0).includes('*')) {
    checkup.fault(at('prefix'), {
      rule: 'prefix-pattern',
      effect: 'unused',
      problem: `${prefix} matches no image: * may only be the first label of a host, as in *.example.com`,
      fix: 'write one entry for each name',
    })
  }
  return {
    ...at(),
    prefix,
    location: location ?? prefix,
    isBlocked: table.blocked === true,
    byDigestOnly: table['mirror-by-digest-only'] === true,
    mirrors: tablesOf(table.mirror).flatMap((mirror, position) => {
      const where = (...path: string[]) => at('mirror', position, ...path)
      return mirrorOf(checkup, mirror, where, table['mirror-by-digest-only'] === true)
    }),
  }
}

function mirrorOf(
  checkup: Checkup,
  table: TomlTable,
  at: (...path: string[]) => Where,
  byDigestOnly: boolean,
): RegistryMirror[] {
  checkKeys(checkup, table, MIRROR_KEYS, (key) => at(key))
  const location = textOf(table.location)
  if (location === undefined) {
    refused(checkup, at(), 'a mirror has no location', 'write location = "HOST/PATH"')
    return []
  }
  checkLocation(checkup, at('location'), location)
  const written = table['pull-from-mirror']
  const use = USES.find((one) => one === written) ?? 'all'
  if (written !== undefined && use !== written) {
    refused(
      checkup,
      at('pull-from-mirror'),
      `pull-from-mirror is ${JSON.stringify(written)}`,
      `write one of ${USES.join(', ')}`,
    )
  }
  if (written !== undefined && byDigestOnly) {
    const fix = 'take mirror-by-digest-only out'
    refused(checkup, at('pull-from-mirror'), 'pull-from-mirror stands beside mirror-by-digest-only', fix)
  }
  return [{ ...at('location'), location, use: byDigestOnly ? 'digest-only' : use }]
}

/** Keys that nobody reads, and values of another kind than the key has. */
function checkKeys(
  checkup: Checkup,
  table: TomlTable,
  known: readonly string[],
  at: (key: string) => Where,
): void {
  for (const [key, value] of Object.entries(table)) {
    if (!known.includes(key)) {
      checkup.fault(at(key), {
        rule: 'registries-key',
        effect: 'unused',
        problem: `${key} is no key of an entry: it is not read`,
        fix: `the keys are ${known.join(', ')}`,
      })
      continue
    }
    const kind = ['insecure', 'blocked', 'mirror-by-digest-only'].includes(key)
      ? 'boolean'
      : key === 'mirror'
        ? 'object'
        : 'string'
    if (typeof value !== kind || (key === 'mirror' && !Array.isArray(value))) {
      const name =
        kind === 'boolean'
          ? 'true or false, without quotes'
          : kind === 'object'
            ? '[[registry.mirror]]'
            : 'a text'
      refused(checkup, at(key), `${key} is ${JSON.stringify(value)}`, `write ${name}`)
    }
  }
}

/** A location is a part of a reference: no scheme, no `/` at the end, and no `/v2`, which clients put there. */
function checkLocation(checkup: Checkup, where: Where, location: string | undefined): void {
  if (location === undefined) return
  if (/^[a-z]+:\/\//i.test(location)) {
    refused(
      checkup,
      where,
      `${location} has a scheme`,
      `write ${JSON.stringify(location.replace(/^\w+:\/\//, ''))}`,
    )
  } else if (location.endsWith('/')) {
    checkup.fault(where, {
      rule: 'location-slash',
      effect: 'broken',
      problem: `${location} ends with /: what is pulled by it is no reference`,
      fix: `write ${JSON.stringify(location.replace(/\/+$/, ''))}`,
    })
  } else if (/\/v2(?:\/|$)/.test(location)) {
    checkup.fault(where, {
      rule: 'doubled-v2',
      effect: 'unused',
      problem: `${location} has /v2, which clients put behind the host themselves: https://${location.replace('/', '/v2/')}/NAME/… is asked`,
      fix: `write ${JSON.stringify(location.replace(/\/v2(?=\/|$)/, ''))}`,
    })
  }
}

function refused(checkup: Checkup, where: Where, reason: string, fix: string): void {
  checkup.fault(where, {
    rule: 'registries-refused',
    effect: 'broken',
    problem: `the whole configuration is refused, and nothing is pulled: ${reason}`,
    fix,
  })
}

function reportTwice(checkup: Checkup, first: RegistryEntry, entry: RegistryEntry): void {
  if (first.isBlocked !== entry.isBlocked) {
    refused(
      checkup,
      entry,
      `${entry.prefix} is there twice, blocked and not`,
      `keep one of lines ${first.line} and ${entry.line}`,
    )
    return
  }
  checkup.fault(entry, {
    rule: 'prefix-twice',
    effect: 'unused',
    problem: `${entry.prefix} has an entry on line ${first.line} already, which is the one that counts`,
    fix: 'put the mirrors into one entry',
  })
}

function reportReplaced(checkup: Checkup, before: RegistryEntry, entry: RegistryEntry): void {
  const lost = before.mirrors.filter(
    ({ location }) => !entry.mirrors.some((one) => one.location === location),
  )
  if (lost.length === 0) return
  checkup.fault(before, {
    rule: 'prefix-replaced',
    effect: 'unused',
    problem: `${entry.file}:${entry.line} has the same prefix and takes the place of this entry: ${lost.map(({ location }) => location).join(', ')} is not asked`,
    fix: `put the mirrors into ${entry.file}`,
  })
}

function reportEntry(checkup: Checkup, entry: RegistryEntry, isRefused: boolean): void {
  const { prefix, location, mirrors, isBlocked } = entry
  const isFaulty = ({ file, line }: Where) =>
    checkup.findings.some((one) => one.file === file && one.line === line && one.effect !== 'partial')
  if (isBlocked && mirrors.length === 0) {
    checkup.fault(entry, {
      rule: 'blocked',
      effect: 'broken',
      problem: `${prefix} is blocked, and has no mirror: nothing is pulled from there`,
      fix: 'take blocked out, or add a [[registry.mirror]]',
    })
  }
  const links = mirrors.map((mirror): MirrorLink => {
    if (mirror.use !== 'all') {
      const other = mirror.use === 'tag-only' ? 'by digest' : 'by tag'
      checkup.fault(mirror, {
        rule: 'mirror-use',
        effect: 'partial',
        problem: `${mirror.location} is ${mirror.use}: pulls ${other} of ${prefix} do not go there`,
        fix: 'take mirror-by-digest-only or pull-from-mirror out, or add a mirror for the others',
      })
    }
    const works = mirror.use === 'all' ? 'used' : 'partly'
    return {
      where: mirror,
      asks: mirror.location,
      state: isRefused || isFaulty(mirror) ? 'unused' : works,
    }
  })
  checkup.chain(prefix, links, isBlocked ? null : location)
  if (location !== prefix && !prefix.startsWith('*') && mirrors.length === 0) {
    const state = isRefused || isFaulty(entry) ? 'unused' : 'used'
    checkup.chain(prefix, [{ where: entry, asks: location, state }], null)
  }
}

function tablesOf(value: unknown): TomlTable[] {
  return Array.isArray(value) ? value.filter(isTable) : []
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
