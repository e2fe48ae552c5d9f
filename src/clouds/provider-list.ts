import type { z } from 'zod'
import { PortolanError } from '../errors.ts'
import { checkJsonBounds, JsonBoundsError } from '../internal/json-bounds.ts'
import { formatPrefix, type Prefix, parsePrefix } from '../net/prefix.ts'
import type { PlacedPrefix, Provider, ProviderRanges } from './provider.ts'
import { isPublicPrefix } from './public-prefix.ts'

/** One row of a list: a prefix as the provider wrote it, its place, and where in the list it stands. */
export interface ListRow {
  readonly text: string
  readonly place: string
  /** JSON path such as `$.prefixes[3].ip_prefix`, or `line 12`. */
  readonly path: string
}

/** No provider holds more than this in one piece: a broader prefix is a mistake that would claim half the world. */
const BROADEST = { 4: 8, 6: 16 } as const

/** Values in a list, and rows that count: the longest, Azure's, has about 130,000 and 60,000. */
const VALUES_MAX = 2_000_000
const ROWS_MAX = 500_000

/** How much of a list's text an error repeats. */
const ECHO_MAX = 120

/** Reads a JSON list of the given shape; unknown fields are left out. */
export function readJson<T>(provider: Provider, bytes: Uint8Array, shape: z.ZodType<T>): T {
  const text = readText(provider, bytes)
  let value: unknown
  try {
    checkJsonBounds(bytes, { values: VALUES_MAX })
    value = JSON.parse(text)
  } catch (cause) {
    throw refusal(provider, '$', text, cause instanceof JsonBoundsError ? cause.message : 'not JSON', cause)
  }
  const read = shape.safeParse(value)
  if (read.success) return read.data
  const issue = read.error.issues[0]!
  const at = issue.path.reduce<unknown>((node, key) => (node as Record<PropertyKey, unknown>)?.[key], value)
  throw refusal(provider, jsonPath(issue.path), at, issue.message)
}

/** Reads a list as text, after the checks that need no reading: its size, its encoding, and that it is no web page. */
export function readText(provider: Provider, bytes: Uint8Array): string {
  if (bytes.length > provider.maxBytes) throw tooLarge(provider, `${bytes.length} bytes`)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw refusal(provider, '$', `${bytes.length} bytes`, 'not UTF-8', cause)
  }
  // Captive portals and error pages answer 200 with HTML.
  if (/^\s*</.test(text)) throw refusal(provider, '$', text, 'a web page instead of a list')
  return text
}

/** The rows of an array of prefixes that are all in one place; `path` is that of the array. */
export function* rowsOfArray(texts: readonly string[], place: string, path: string): Iterable<ListRow> {
  for (const [index, text] of texts.entries()) yield { text, place, path: `${path}[${index}]` }
}

/**
 * The ranges of a list's rows. A prefix may be listed once per service: the row that names a region wins over one that
 * names the cloud alone, and the first over the others.
 */
export function toRanges(provider: Provider, rows: Iterable<ListRow>, date?: string): ProviderRanges {
  const entries = new Map<string, PlacedPrefix>()
  let count = 0
  for (const { text, place, path } of rows) {
    if (++count > ROWS_MAX) throw refusal(provider, path, text, `more than ${ROWS_MAX} prefixes`)
    const prefix = checkedPrefix(provider, text, path)
    if (!isPublicPrefix(prefix)) {
      if (provider.dropsSpecial === true) continue
      throw refusal(provider, path, text, 'not addresses of the public internet')
    }
    const key = formatPrefix(prefix)
    const before = entries.get(key)
    if (before === undefined || (before.place === provider.id && place !== provider.id)) {
      entries.set(key, { prefix, place })
    }
  }
  if (entries.size < provider.minPrefixes) {
    const reason = `fewer than the ${provider.minPrefixes} that a whole list has`
    throw refusal(provider, '$', `${entries.size} prefixes`, reason)
  }
  return { ...(date !== undefined && { date }), entries: [...entries.values()] }
}

/** The error for a list, or a part of it, that is not what the provider publishes. */
export function refusal(
  provider: Provider,
  path: string,
  value: unknown,
  reason: string,
  cause?: unknown,
): PortolanError {
  const echo = (JSON.stringify(value) ?? 'nothing').slice(0, ECHO_MAX)
  return new PortolanError(
    'CONTENT_INVALID',
    `the list of ${provider.title} (${provider.fileName}) is refused: at ${path}, ${echo}: ${reason}`,
    { provider: provider.id, path, value: echo },
    cause,
  )
}

/** The {@link refusal} of a list that is too long to be one; `length` says in words how long. */
export function tooLarge(provider: Provider, length: string): PortolanError {
  return refusal(provider, '$', length, `larger than the ${provider.maxBytes} bytes allowed`)
}

function checkedPrefix(provider: Provider, text: string, path: string): Prefix {
  let prefix: Prefix
  try {
    prefix = parsePrefix(text)
  } catch (cause) {
    throw refusal(provider, path, text, (cause as Error).message, cause)
  }
  const broadest = BROADEST[prefix.address.family]
  if (prefix.length < broadest) throw refusal(provider, path, text, `broader than /${broadest}`)
  return prefix
}

function jsonPath(keys: readonly PropertyKey[]): string {
  return `$${keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')}`
}
