import type { Part } from '../found.ts'

/** A key as it is written in a header or before `=`, with the tables that it stands in. */
export interface TomlKey {
  readonly path: readonly string[]
  readonly part: Part
}

/** A string, in a list or not; `path` ends with its key. */
export interface TomlString {
  readonly path: readonly string[]
  readonly part: Part
}

/** What a TOML text holds, in its order. */
export interface TomlContent {
  readonly keys: readonly TomlKey[]
  readonly strings: readonly TomlString[]
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
 * Reads the keys and strings of a TOML text, each with its place. Numbers, dates and strings over several lines are
 * stepped over. A line that is no TOML, such as a template's `{{ if … }}`, is skipped, and the rest is read.
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
      }
    }
    return { keys: this.#keys, strings: this.#strings }
  }

  #header(): readonly string[] {
    const brackets = this.#text.startsWith('[[', this.#at) ? 2 : 1
    this.#at += brackets
    const path = this.#dottedKey([])
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
    if (this.#take(MULTILINE) !== '') return
    const part = this.#string()
    if (part !== undefined) this.#strings.push({ path, part })
    else if (this.#text[this.#at] === '[') this.#list(']', () => this.#value(path, depth + 1))
    else if (this.#text[this.#at] === '{') this.#list('}', () => this.#keyValue(path, depth + 1))
    else if (this.#take(OTHER_VALUE) === '') throw new Unreadable()
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

function unescaped(inner: string): string {
  return inner
    .replace(/\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})/g, (_, four, eight) => codePoint(four ?? eight))
    .replace(/\\(["\\])/g, '$1')
}

function codePoint(digits: string): string {
  const code = Number.parseInt(digits, 16)
  return code <= 0x10ffff ? String.fromCodePoint(code) : ''
}
