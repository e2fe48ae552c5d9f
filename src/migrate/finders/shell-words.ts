import type { Span } from '../found.ts'

/** A simple command, or the elements of an array: its words, their quotes included. */
export interface ShellCommand {
  /** The variable that an array is assigned to. */
  readonly array?: string
  readonly words: readonly Span[]
}

/** What a shell script is made of, as far as references need it. */
export interface ShellContent {
  readonly commands: readonly ShellCommand[]
  /** The bodies of here-documents. */
  readonly documents: readonly Span[]
}

const DEPTH_MAX = 32
const HEREDOC = /<<-?[ \t]*(?:'([^'\n]+)'|"([^"\n]+)"|\\?([A-Za-z_][A-Za-z0-9_]*))/y
const BREAK = /[ \t\r\n;&|()<>`]/

/**
 * Splits a stretch of a text into commands and their words by the quoting rules of POSIX shells and bash. Comments are
 * left out; commands in `$( )` are found wherever they stand. A quote that is never closed is taken for a letter.
 */
export function readShell(text: string, span: Span): ShellContent {
  const reader = new ShellReader(text, span)
  reader.read()
  return reader
}

class ShellReader implements ShellContent {
  readonly commands: ShellCommand[] = []
  readonly documents: Span[] = []
  readonly #text: string
  readonly #start: number
  readonly #end: number
  #at: number
  /** Delimiters of the here-documents that begin with the next line. */
  readonly #awaited: string[] = []
  /** From where on a closing character does not come any more, so that no text is searched through twice. */
  readonly #absent = new Map<string, number>()

  constructor(text: string, { start, end }: Span) {
    this.#text = text
    this.#start = start
    this.#end = end
    this.#at = start
  }

  read(): void {
    this.#readCommands(0)
  }

  /** Reads commands up to the end, or up to the `)` that closes `$(` when there is one. */
  #readCommands(depth: number): void {
    let words: Span[] = []
    let array: string | undefined
    let open = 0
    /** The next word is the file of a redirection. */
    let isTarget = false
    const endCommand = () => {
      if (words.length > 0) this.commands.push({ ...(array !== undefined && { array }), words })
      words = []
      array = undefined
      isTarget = false
    }
    while (this.#at < this.#end) {
      const char = this.#text[this.#at]!
      if (char === '\n' && this.#awaited.length > 0) {
        endCommand()
        this.#at++
        this.#readDocuments()
      } else if (char === '\n' && array !== undefined) this.#at++
      else if (char === '\n' || char === ';' || char === '&' || char === '|' || char === '`') {
        endCommand()
        this.#at++
      } else if (char === '(') {
        const name = this.#at > this.#start && this.#text[this.#at - 1] === '=' ? words.pop() : undefined
        endCommand()
        if (name !== undefined) array = this.#text.slice(name.start, name.end).replace(/\+?=$/, '')
        open++
        this.#at++
      } else if (char === ')') {
        endCommand()
        this.#at++
        if (open === 0 && depth > 0) return
        open = Math.max(0, open - 1)
      } else if (char === '<' || char === '>') isTarget = this.#readRedirection()
      else if (/\s/.test(char)) this.#at++
      else if (char === '\\' && /\r?\n/y.test(this.#text.slice(this.#at + 1, this.#at + 3)))
        this.#at += this.#text[this.#at + 1] === '\r' ? 3 : 2
      else if (char === '#') this.#at = this.#indexOrEnd('\n', this.#at)
      else {
        const word = this.#readWord(depth)
        if (!isTarget) words.push(word)
        isTarget = false
      }
    }
    endCommand()
  }

  /** Steps over `<`, `>`, `<<<` or `<<DELIMITER`; gives whether a file's name follows. */
  #readRedirection(): boolean {
    const isString = this.#text.startsWith('<<<', this.#at)
    HEREDOC.lastIndex = this.#at
    const match = isString ? null : HEREDOC.exec(this.#text)
    if (match !== null) this.#awaited.push(match[1] ?? match[2] ?? match[3]!)
    this.#at += match?.[0].length ?? (isString ? 3 : 1)
    return match === null && !isString && this.#text[this.#at] !== '(' && this.#text[this.#at] !== '&'
  }

  #readDocuments(): void {
    for (const delimiter of this.#awaited.splice(0)) {
      const from = this.#at
      let line = from
      for (;;) {
        const next = this.#indexOrEnd('\n', line)
        const isLast = this.#text.slice(line, next).trim() === delimiter
        this.#at = Math.min(next + 1, this.#end)
        if (isLast || this.#at >= this.#end) {
          this.documents.push({ start: from, end: isLast ? line : this.#end })
          break
        }
        line = this.#at
      }
    }
  }

  #readWord(depth: number): Span {
    const from = this.#at
    while (this.#at < this.#end) {
      const char = this.#text[this.#at]!
      if (char === '\\') this.#at += 2
      else if (char === "'") this.#at = Math.min(this.#end, this.#closing("'", this.#at + 1) + 1)
      else if (char === '"' && this.#at < (this.#absent.get('"') ?? this.#end)) this.#readDoubleQuoted(depth)
      else if (char === '$' && this.#text[this.#at + 1] === '(') this.#readSubstitution(depth)
      else if (char === '$' && this.#text[this.#at + 1] === '{')
        this.#at = Math.min(this.#end, this.#closing('}', this.#at + 2) + 1)
      else if (BREAK.test(char)) break
      else this.#at++
    }
    this.#at = Math.min(this.#at, this.#end)
    return { start: from, end: this.#at }
  }

  #readDoubleQuoted(depth: number): void {
    const open = this.#at++
    while (this.#at < this.#end && this.#text[this.#at] !== '"') {
      if (this.#text[this.#at] === '\\') this.#at += 2
      else if (this.#text[this.#at] === '$' && this.#text[this.#at + 1] === '(') this.#readSubstitution(depth)
      else this.#at++
    }
    if (this.#at < this.#end) this.#at++
    else {
      this.#absent.set('"', open)
      this.#at = open + 1
    }
  }

  #readSubstitution(depth: number): void {
    if (this.#text[this.#at + 2] === '(')
      this.#at = Math.min(this.#end, this.#closing('))', this.#at + 3) + 2)
    else {
      this.#at += 2
      if (depth < DEPTH_MAX) this.#readCommands(depth + 1)
    }
  }

  /** Where a quote or a bracket closes, or the place just before `from` when it never does. */
  #closing(mark: string, from: number): number {
    if (from >= (this.#absent.get(mark) ?? this.#end)) return from - 1
    const found = this.#text.indexOf(mark, from)
    if (found >= 0 && found < this.#end) return found
    this.#absent.set(mark, from)
    return from - 1
  }

  #indexOrEnd(char: string, from: number): number {
    const found = this.#text.indexOf(char, from)
    return found < 0 ? this.#end : Math.min(found, this.#end)
  }
}
