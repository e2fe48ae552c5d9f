import type { TomlTable } from 'smol-toml'
import type { Checkup, Where } from './checkup.ts'
import { isTable, type TomlDocument } from './toml-document.ts'

/** One `[[registry]]`, with the file and the line where it begins. */
export interface RegistryEntry extends Where {
  readonly prefix: string
  readonly location: string
  readonly isBlocked: boolean
  readonly isInsecure: boolean
  readonly byDigestOnly: boolean
  readonly mirrors: readonly RegistryMirror[]
}

/** One `[[registry.mirror]]`. */
export interface RegistryMirror extends Where {
  readonly location: string
  /** Plain HTTP will do, and any certificate. */
  readonly isInsecure: boolean
  readonly use: 'all' | 'digest-only' | 'tag-only'
}

const KEYS = ['prefix', 'location', 'insecure', 'blocked', 'mirror-by-digest-only', 'mirror']

const MIRROR_KEYS = ['location', 'insecure', 'pull-from-mirror']

const USES = ['all', 'digest-only', 'tag-only'] as const

export function entryOf(
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
    isInsecure: table.insecure === true,
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
  const isInsecure = table.insecure === true
  return [{ ...at('location'), location, isInsecure, use: byDigestOnly ? 'digest-only' : use }]
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

export function refused(checkup: Checkup, where: Where, reason: string, fix: string): void {
  checkup.fault(where, {
    rule: 'registries-refused',
    effect: 'broken',
    problem: `the whole configuration is refused, and nothing is pulled: ${reason}`,
    fix,
  })
}

export function tablesOf(value: unknown): TomlTable[] {
  return Array.isArray(value) ? value.filter(isTable) : []
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
