import { parse } from 'smol-toml'
import type { Edit } from './finding.ts'

/**
 * What is wrong with a TOML text once it is edited; nothing when another parser reads the same of it, but for strings and
 * keys that edits changed. A text that was no TOML before, such as a template, has no shape to be kept.
 */
export function faultOfToml(before: string, after: string, edits: readonly Edit[]): string | undefined {
  const fault = faultOfTomlSyntax(before, after)
  if (fault !== undefined) return fault
  const [old, young] = [read(before), read(after)]
  if (old instanceof Error) return undefined
  const swaps = edits.map(({ start, end, text }) => [before.slice(start, end), text] as const)
  return isSame(old, young, swaps) ? undefined : 'more than image names would differ afterwards'
}

/** What keeps a text from being TOML after a change, such as a table that stands twice; nothing if it was none before. */
export function faultOfTomlSyntax(before: string, after: string): string | undefined {
  if (read(before) instanceof Error) return undefined
  const young = read(after)
  return young instanceof Error
    ? `it would not be TOML afterwards: ${young.message.split('\n')[0]}`
    : undefined
}

/** What `registries.conf` would have twice: tools refuse two entries of one registry that do not agree. */
export function faultOfRegistries(before: string, after: string): string | undefined {
  const old = repeated(registriesOf(before))
  const young = [...repeated(registriesOf(after))].find((name) => !old.has(name))
  return young === undefined ? undefined : `it would have the registry ${young} twice afterwards`
}

interface RegistriesTable {
  readonly registry?: unknown
  readonly prefix?: unknown
  readonly location?: unknown
}

/** The prefix of each `[[registry]]`, which is its location where it has none. */
function registriesOf(text: string): string[] {
  const document = read(text)
  const list = isTable(document) ? document.registry : undefined
  if (!Array.isArray(list)) return []
  return list
    .map((entry: unknown) => (isTable(entry) ? (entry.prefix ?? entry.location) : undefined))
    .filter((name) => typeof name === 'string')
}

function repeated(names: readonly string[]): Set<string> {
  const once = new Set<string>()
  return new Set(names.filter((name) => once.has(name) || !once.add(name)))
}

function isTable(value: unknown): value is RegistriesTable {
  return typeof value === 'object' && value !== null && !(value instanceof Error)
}

function read(text: string): unknown {
  try {
    return parse(text, { integersAsBigInt: 'asNeeded' })
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

type Swaps = readonly (readonly [old: string, young: string])[]

function isSame(old: unknown, young: unknown, swaps: Swaps): boolean {
  if (typeof old === 'string' && typeof young === 'string') return isSwapped(old, young, swaps)
  if (typeof old !== 'object' || old === null || old instanceof Date) return String(old) === String(young)
  if (typeof young !== 'object' || young === null) return false
  const [mine, others] = [Object.entries(old), Object.entries(young)]
  return (
    mine.length === others.length &&
    mine.every(([key, value], index) => {
      const [other, otherValue] = others[index]!
      return isSwapped(key, other, swaps) && isSame(value, otherValue, swaps)
    })
  )
}

function isSwapped(old: string, young: string, swaps: Swaps): boolean {
  if (old === young) return true
  return swaps.some(([from, to]) => {
    const at = old.indexOf(from)
    return (
      at >= 0 &&
      swaps.length > 0 &&
      isSwapped(old.slice(at + from.length), young.slice(at + to.length), swaps) &&
      young.startsWith(old.slice(0, at) + to)
    )
  })
}
