import { HIDDEN, redact } from '../errors/redact.ts'

/** Parts of the paths of URLs that may be all that a link is signed with; digests and words have not all kinds of characters. */
const RANDOM = /(?<=\/)(?=[^/\s"']*[a-z])(?=[^/\s"']*[A-Z])(?=[^/\s"']*\d)[\w~.+=-]{20,8192}(?=[/\s"',;)]|$)/g

/** The same facts without what would let their reader in, wherever in them it stands: a report is there to be passed on. */
export function redactFacts<Value>(value: Value): Value {
  return redactAny(value) as Value
}

function redactAny(value: unknown): unknown {
  if (typeof value === 'string') return redact(value).replace(/\bhttps?:\/\/[^\s"']+/g, redactPath)
  if (Array.isArray(value)) return value.map(redactAny)
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, redactAny(one)]))
}

function redactPath(url: string): string {
  return url.replace(RANDOM, HIDDEN)
}
