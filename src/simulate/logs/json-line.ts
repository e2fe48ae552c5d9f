import type { Unreadable } from './logged-request.ts'

/** A JSON object as it came: nothing of it is what it should be until it was looked at. */
export type JsonObject = Readonly<Record<string, unknown>>

const NO_JSON: Unreadable = { why: 'it is no JSON' }
const NO_OBJECT: Unreadable = { why: 'it is JSON, but no object' }

/** Reads a line that is one JSON object, behind the prefix of syslog if there is one. */
export function readJsonLine(line: string): JsonObject | Unreadable {
  const start = line.charCodeAt(0) === 0x7b /* { */ ? 0 : line.indexOf('{')
  if (start < 0) return NO_JSON
  // Syslog, RFC 5424 and 3164: `<134>2026-…Z host name[1]: {…}`. Anything else before an object is not ours to skip.
  if (start > 0 && line.charCodeAt(0) !== 0x3c /* < */ && line.slice(0, start).trim() !== '') return NO_JSON
  let value: unknown
  try {
    value = JSON.parse(start === 0 ? line : line.slice(start))
  } catch {
    return NO_JSON
  }
  return isObject(value) ? value : NO_OBJECT
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isUnreadable(value: JsonObject | Unreadable): value is Unreadable {
  return value === NO_JSON || value === NO_OBJECT
}

/** The first of these fields that is a text and not empty. */
export function textOf(object: JsonObject, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = object[name]
    if (typeof value === 'string' && value !== '' && value !== '-') return value
  }
  return undefined
}

/** The first of these fields that is a number, or its digits. */
export function numberOf(object: JsonObject, ...names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = object[name]
    if (typeof value === 'number') return value
    if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value)
  }
  return undefined
}
