import type { Found, Part, Span } from './found.ts'

/** What a string of a text means, as a text of its own, and where in the text around it that stands. */
export interface InnerText {
  readonly value: string
  /** Where a span of `value` stands; `undefined` where what is written there is not the value itself. */
  locate(span: Span): Span | undefined
  /** All of the string, without quotes. */
  readonly span: Span
}

/** How a string is written: `double` has escapes with a backslash, `single` has `''` for one quote. */
export type Quoting = 'none' | 'single' | 'double'

/** A string that is written as it is meant. */
export function literalText(text: string, span: Span): InnerText {
  return {
    value: text.slice(span.start, span.end),
    span,
    locate: ({ start, end }) => ({ start: span.start + start, end: span.start + end }),
  }
}

/**
 * A string whose text is not its value: with escapes, folded lines, indentation. Blanks apart, the same characters
 * stand in both in the same order, and that is how one is found in the other. `span` has no quotes.
 */
export function innerText(text: string, span: Span, value: string, quoting: Quoting): InnerText {
  if (span.end - span.start === value.length && text.startsWith(value, span.start))
    return literalText(text, span)
  let places: Int32Array | undefined
  return {
    value,
    span,
    locate({ start, end }) {
      places ??= align(text, span, value, quoting)
      const [from, last] = [places[start] ?? -1, places[end - 1] ?? -1]
      if (from < 0 || last < 0) return undefined
      const place = { start: from, end: last + 1 }
      return text.slice(place.start, place.end) === value.slice(start, end) ? place : undefined
    },
  }
}

/** Moves what was found in the value of a string to where it stands in the text around. */
export function relocate(parts: Found['parts'], inner: InnerText): Found['parts'] {
  return Object.fromEntries(
    Object.entries(parts).map(([name, part]: [string, Part]) => {
      const span = part.escaped ? undefined : inner.locate(part.span)
      return [name, span ? { ...part, span } : { value: part.value, span: inner.span, escaped: true }]
    }),
  )
}

const ESCAPE = /\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(\r?\n|[^ux]))/y
const BLANK_ESCAPES = 'ntrfbv0aeNLP_ \t\n\r'

/** For each character of the value its place in the text, -1 for blanks and for what does not agree. */
function align(text: string, { start, end }: Span, value: string, quoting: Quoting): Int32Array {
  const places = new Int32Array(value.length).fill(-1)
  let at = start
  for (let index = 0; index < value.length; index++) {
    if (isBlank(value[index]!)) continue
    let read = readOne(text, at, quoting)
    while (at < end && read.value === '') {
      at += read.length
      read = readOne(text, at, quoting)
    }
    if (at >= end || read.value !== value[index]) return places
    if (read.length === 1) places[index] = at
    at += read.length
  }
  return places
}

/** The character that is written at a place, '' for a blank, and how long it is there. */
function readOne(text: string, at: number, quoting: Quoting): { value: string; length: number } {
  const char = text[at] ?? ''
  if (quoting === 'single' && char === "'") return { value: char, length: 2 }
  if (quoting === 'double' && char === '\\') {
    ESCAPE.lastIndex = at
    const [whole = char, four, two, other = ''] = ESCAPE.exec(text) ?? []
    const digits = four ?? two
    if (digits !== undefined) {
      const value = String.fromCharCode(Number.parseInt(digits, 16))
      return { value: isBlank(value) ? '' : value, length: whole.length }
    }
    return { value: BLANK_ESCAPES.includes(other[0] ?? ' ') ? '' : other, length: whole.length }
  }
  return { value: isBlank(char) ? '' : char, length: 1 }
}

/** Blanks, and the control characters that escapes stand for. */
function isBlank(char: string): boolean {
  return char <= ' ' || char === '\u0085' || char === '\u00A0' || char === '\u2028' || char === '\u2029'
}
