import type { Checkup, MirrorLink } from './checkup.ts'
import { entryOf, type RegistryEntry, refused, tablesOf } from './registry-entry.ts'
import { isTable, isTomlFault, readTomlDocument, type TomlDocument } from './toml-document.ts'

/** Where CRI-O, Podman, Buildah and skopeo read registries from, the drop-ins in the order of their names. */
export const REGISTRIES_CONF = '/etc/containers/registries.conf'

export const REGISTRIES_FOLDER = '/etc/containers/registries.conf.d'

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
      state: isRefused || checkup.isFaulty(mirror) ? 'unused' : works,
    }
  })
  checkup.chain(prefix, links, isBlocked ? null : location)
  if (location !== prefix && !prefix.startsWith('*') && mirrors.length === 0) {
    const state = isRefused || checkup.isFaulty(entry) ? 'unused' : 'used'
    checkup.chain(prefix, [{ where: entry, asks: location, state }], null)
  }
}
