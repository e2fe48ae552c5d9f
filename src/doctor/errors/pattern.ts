import { escapeRegExp } from '../../internal/escape-reg-exp.ts'

/** What a shape's placeholder can stand for. */
export type Placeholder = keyof typeof FORMS

/** Where a shape was found in a text, and what stood in the place of its placeholders. */
export interface Match {
  readonly start: number
  readonly end: number
  readonly found: Readonly<Partial<Record<Placeholder, string>>>
}

/** A shape that was made ready to be looked for. */
export interface Pattern {
  /** The words that stand as they are, for comparing texts that do not match. */
  readonly words: readonly string[]
  /** The longest of its pieces that stand as they are. */
  readonly anchor: string
  /** Gives every place of a line that has this shape, from left to right. */
  find(line: string): Match[]
}

/**
 * Each is bounded, and none but `words` can hold the blank, quote or bracket that follows it, so that a line is read about
 * once, whoever wrote it.
 */
const FORMS = {
  host: String.raw`[\w.-]{1,255}`,
  address: String.raw`(?:[\w.-]{1,255}|\[[\w.:%]{2,60}\]):\d{1,5}`,
  server: String.raw`(?:[\w.-]{1,255}|\[[\w.:%]{2,60}\]):\d{1,5}`,
  own: String.raw`(?:[\d.]{7,15}|\[[\w.:%]{2,60}\]):\d{1,5}`,
  proxy: String.raw`[\w.-]{1,255}`,
  url: String.raw`[^\s"'<>]{1,2048}`,
  image: String.raw`[\w./:@+-]{1,512}`,
  digest: '[a-z0-9]{1,16}:[0-9a-f]{6,128}',
  status: String.raw`\d{3}`,
  number: String.raw`\d{1,20}`,
  word: String.raw`[^\s"'<>{}()]{1,128}`,
  time: String.raw`\d{4}-\d\d-\d\dT[\d:.+Z-]{6,24}`,
  words: '.{0,160}?',
} as const

const PLACEHOLDER = /\{([a-z]+)\}/g
/** A page of errors repeats one message; more of them on one line tell nothing new. */
const MATCHES_MAX = 20

/**
 * Makes a message with placeholders ready: `lookup {host} on {address}: no such host`. It begins with a word that stands
 * as it is, since a placeholder there would have to be tried at each character. Throws a `RangeError` where it does not.
 */
export function compilePattern(text: string): Pattern {
  const pieces = text.split(PLACEHOLDER)
  const literals = pieces.filter((_, index) => index % 2 === 0)
  if (literals[0]!.trim().length < 3)
    throw new RangeError(`a shape begins with a word of three letters or more: ${text}`)
  const names = pieces.filter((_, index) => index % 2 === 1)
  for (const name of names) if (!(name in FORMS)) throw new RangeError(`{${name}} is no placeholder: ${text}`)
  const source = pieces.map((piece, index) =>
    index % 2 === 0 ? escapeRegExp(piece) : `(${FORMS[piece as Placeholder]})`,
  )
  // A known message is no part of a longer word.
  const begins = /^\w/.test(text) ? '(?<![\\w-])' : ''
  const ends = /\w$/.test(text) ? '(?!\\w)' : ''
  const expression = new RegExp(begins + source.join('') + ends, 'g')
  return {
    words: wordsOf(literals.join(' ')),
    anchor: literals.reduce((longest, literal) => (literal.length > longest.length ? literal : longest)),
    find(line) {
      if (!literals.every((literal) => line.includes(literal))) return []
      const matches: Match[] = []
      for (const match of line.matchAll(expression)) {
        const found: Partial<Record<Placeholder, string>> = {}
        for (const [index, name] of names.entries()) found[name as Placeholder] ??= match[index + 1]!
        matches.push({ start: match.index, end: match.index + match[0].length, found })
        if (matches.length === MATCHES_MAX) break
      }
      return matches
    },
  }
}

/** The words of a text by which it can be compared, each once, in lower case. */
export function wordsOf(text: string): string[] {
  return [...new Set(text.toLowerCase().match(/[a-z][a-z0-9]+/g) ?? [])]
}
