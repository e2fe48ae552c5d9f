import type { Part, Span } from '../found.ts'
import { type InnerText, innerText } from '../inner-text.ts'

/** A key as it is written in a header or before `=`, with the tables that it stands in. */
export interface TomlKey {
  readonly path: readonly string[]
  readonly part: Part
}

/** A value, in a list or not; `path` ends with its key. */
export interface TomlValue {
  readonly path: readonly string[]
  readonly inner: InnerText
  /** Which one of a list of tables (`[[registry]]`) it is in, counted through the text; 0 before the first. */
  readonly table: number
}

/** A string on one line. */
export interface TomlString extends TomlValue {
  readonly part: Part
}

/** What a TOML text holds, in its order. */
export interface TomlContent {
  readonly keys: readonly TomlKey[]
  readonly strings: readonly TomlString[]
  /** Strings over several lines. */
  readonly texts: readonly TomlValue[]
  /** Numbers, booleans, dates. */
  readonly words: readonly TomlValue[]
  /** Lines that are no TOML. */
  readonly skipped: readonly Span[]
}

const DEPTH_MAX = 32
const BLANK = /(?:[ \t\r\n]+|#[^\n]*)*/y
const SPACE = /[ \t]*/y
const BARE_KEY = /[A-Za-z0-9_-]+/y
const LITERAL = /'([^'\n]*)'/y
const BASIC = /"((?:\\.|[^"\\\n])*)"/y
const MULTILINE = /"""[\s\S]*?"""|'''[\s\S]*?'''/y
const OTHER_VALUE = /[^\s,\]}#"'[{]+/y

/**
 * Reads the keys and values of a TOML text, each with its place. A line that is no TOML, such as a template's
 * `{{ if … }}`, is skipped, and the rest is read.
 */
export function readToml(text: string): TomlContent {
  return new Reader(text).read()
}

/** What cannot be read; ends the line, not the text. */
class Unreadable extends Error {}

class Reader {
  readonly #text: string
  #at = 0
  readonly #keys: TomlKey[] = []
  readonly #strings: TomlString[] = []
  readonly #texts: TomlValue[] = []
  readonly #words: TomlValue[] = []
  readonly #skipped: Span[] = []
  #tables = 0

  constructor(text: string) {
    this.#text = text.replace(/^\uFEFF/, ' ')
  }

  read(): TomlContent {
    let table: readonly string[] = []
    for (this.#take(BLANK); this.#at < this.#text.length; this.#take(BLANK)) {
      const lineStart = this.#at
      try {
        if (this.#text[this.#at] === '[') table = this.#header()
        else this.#keyValue(table, 0)
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error
        this.#at = lineStart
        this.#skipLine()
        this.#skipped.push({ start: lineStart, end: this.#at })
      }
    }
    return {
      ...{ keys: this.#keys, strings: this.#strings, texts: this.#texts },
      ...{ words: this.#words, skipped: this.#skipped },
    }
  }

  #header(): readonly string[] {
    const brackets = this.#text.startsWith('[[', this.#at) ? 2 : 1
    this.#at += brackets
    const path = this.#dottedKey([])
    if (brackets === 2 && path.length === 1) this.#tables++
    if (!this.#text.startsWith(']'.repeat(brackets), this.#at)) throw new Unreadable()
    this.#at += brackets
    return path
  }

  #keyValue(table: readonly string[], depth: number): void {
    const path = this.#dottedKey(table)
    if (this.#text[this.#at] !== '=') throw new Unreadable()
    this.#at++
    this.#take(SPACE)
    this.#value(path, depth)
  }

  #dottedKey(table: readonly string[]): readonly string[] {
    let path = table
    for (;;) {
      this.#take(SPACE)
      const part = this.#string() ?? this.#bareKey()
      path = [...path, part.value]
      this.#keys.push({ path, part })
      this.#take(SPACE)
      if (this.#text[this.#at] !== '.') return path
      this.#at++
    }
  }

  #bareKey(): Part {
    const start = this.#at
    const value = this.#take(BARE_KEY)
    if (value === '') throw new Unreadable()
    return { span: { start, end: this.#at }, value }
  }

  #value(path: readonly string[], depth: number): void {
    if (depth > DEPTH_MAX) throw new Unreadable()
    const start = this.#at
    const long = this.#take(MULTILINE)
    if (long !== '') {
      this.#texts.push({ path, inner: this.#longText(start, long), table: this.#tables })
      return
    }
    const part = this.#string()
    if (part !== undefined) {
      const quoting = part.escaped ? 'double' : 'none'
      const inner = innerText(this.#text, part.span, part.value, quoting)
      this.#strings.push({ path, part, inner, table: this.#tables })
    } else if (this.#text[this.#at] === '[') this.#list(']', () => this.#value(path, depth + 1))
    else if (this.#text[this.#at] === '{') this.#list('}', () => this.#keyValue(path, depth + 1))
    else {
      const word = this.#take(OTHER_VALUE)
      if (word === '') throw new Unreadable()
      const span = { start, end: this.#at }
      this.#words.push({ path, inner: innerText(this.#text, span, word, 'none'), table: this.#tables })
    }
  }

  #longText(start: number, written: string): InnerText {
    const inner = written.slice(3, -3)
    const isBasic = written[0] === '"'
    const value = isBasic ? unescaped(inner.replace(/\\\r?\n\s*/g, '')) : inner
    return innerText(this.#text, { start: start + 3, end: this.#at - 3 }, value, isBasic ? 'double' : 'none')
  }

  #list(end: string, item: () => void): void {
    this.#at++
    for (;;) {
      this.#take(BLANK)
      if (this.#text[this.#at] === end) break
      item()
      this.#take(BLANK)
      if (this.#text[this.#at] === ',') this.#at++
      else if (this.#text[this.#at] !== end) throw new Unreadable()
    }
    this.#at++
  }

  #string(): Part | undefined {
    const start = this.#at
    const written = this.#take(LITERAL) || this.#take(BASIC)
    if (written === '') return undefined
    const inner = written.slice(1, -1)
    const span = { start: start + 1, end: this.#at - 1 }
    if (written[0] === "'" || !inner.includes('\\')) return { span, value: inner }
    return { span, value: unescaped(inner), escaped: true }
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const [taken = ''] = pattern.exec(this.#text) ?? []
    this.#at += taken.length
    return taken
  }

  #skipLine(): void {
    const end = this.#text.indexOf('\n', this.#at)
    this.#at = end < 0 ? this.#text.length : end + 1
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }

function unescaped(inner: string): string {
  return inner
    .replace(/\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})/g, (_, four, eight) => codePoint(four ?? eight))
    .replace(/\\([ntr"\\])/g, (_, char: string) => ESCAPES[char] ?? char)
}

function codePoint(digits: string): string {
  const code = Number.parseInt(digits, 16)
  return code <= 0x10ffff ? String.fromCodePoint(code) : ''
}
