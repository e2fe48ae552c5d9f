/** What JSON from outside may hold. A parser takes up to fifty bytes for each byte of what nests or is empty. */
export interface JsonBounds {
  /** Lists, objects, and what stands in them; an empty list or object counts twice. */
  readonly values: number
  /** Lists and objects within each other. */
  readonly depth?: number
}

/** Why JSON is not read, in words that follow what it is. */
export class JsonBoundsError extends Error {
  override readonly name = 'JsonBoundsError'
}

/** No format that we read nests deeper than ten. */
const DEPTH = 64

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Throws a {@link JsonBoundsError} for JSON in UTF-8 that nests deeper or holds more than it may, before anything is made of it.
 * Counts what opens and what parts; whether it is JSON at all is the parser's to say.
 */
export function checkJsonBounds(bytes: Uint8Array, { values, depth: deepest = DEPTH }: JsonBounds): void {
  let depth = 0
  let count = 1
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case QUOTE:
        at = endOfString(bytes, at)
        break
      case OPEN_LIST:
      case OPEN_OBJECT:
        count++
        if (++depth > deepest) throw new JsonBoundsError(`it nests deeper than ${deepest}`)
        break
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--
        break
      case COMMA:
        count++
    }
    if (count > values) throw new JsonBoundsError(`it holds more than ${values} values`)
  }
}

/** Where the string that begins here ends, or the text does. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at
}
