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
export function readShell(text: string, { start, end }: Span): ShellContent {
  const commands: ShellCommand[] = []
  const documents: Span[] = []
  const awaited: string[] = []
  /** From where on a closing character does not come any more, so that no text is searched through twice. */
  const absent = new Map<string, number>()
  let at = start

  /** Reads commands up to the end, or up to the `)` that closes `$(` when there is one. */
  function readCommands(depth: number): void {
    let words: Span[] = []
    let array: string | undefined
    let open = 0
    /** The next word is the file of a redirection. */
    let isTarget = false
    const endCommand = () => {
      if (words.length > 0) commands.push({ ...(array !== undefined && { array }), words })
      words = []
      array = undefined
      isTarget = false
    }
    while (at < end) {
      const char = text[at]!
      if (char === '\n' && awaited.length > 0) {
        endCommand()
        at++
        readDocuments()
      } else if (char === '\n' && array !== undefined) at++
      else if (char === '\n' || char === ';' || char === '&' || char === '|' || char === '`') {
        endCommand()
        at++
      } else if (char === '(') {
        const name = at > start && text[at - 1] === '=' ? words.pop() : undefined
        endCommand()
        if (name !== undefined) array = text.slice(name.start, name.end).replace(/\+?=$/, '')
        open++
        at++
      } else if (char === ')') {
        endCommand()
        at++
        if (open === 0 && depth > 0) return
        open = Math.max(0, open - 1)
      } else if (char === '<' || char === '>') isTarget = readRedirection()
      else if (/\s/.test(char)) at++
      else if (char === '\\' && /\r?\n/y.test(text.slice(at + 1, at + 3))) at += text[at + 1] === '\r' ? 3 : 2
      else if (char === '#') at = indexOrEnd('\n', at)
      else {
        const word = readWord(depth)
        if (!isTarget) words.push(word)
        isTarget = false
      }
    }
    endCommand()
  }

  /** Steps over `<`, `>`, `<<<` or `<<DELIMITER`; gives whether a file's name follows. */
  function readRedirection(): boolean {
    const isString = text.startsWith('<<<', at)
    HEREDOC.lastIndex = at
    const match = isString ? null : HEREDOC.exec(text)
    if (match !== null) awaited.push(match[1] ?? match[2] ?? match[3]!)
    at += match?.[0].length ?? (isString ? 3 : 1)
    return match === null && !isString && text[at] !== '(' && text[at] !== '&'
  }

  function readDocuments(): void {
    for (const delimiter of awaited.splice(0)) {
      const from = at
      let line = from
      for (;;) {
        const next = indexOrEnd('\n', line)
        const isLast = text.slice(line, next).trim() === delimiter
        at = Math.min(next + 1, end)
        if (isLast || at >= end) {
          documents.push({ start: from, end: isLast ? line : end })
          break
        }
        line = at
      }
    }
  }

  function readWord(depth: number): Span {
    const from = at
    while (at < end) {
      const char = text[at]!
      if (char === '\\') at += 2
      else if (char === "'") at = Math.min(end, closing("'", at + 1) + 1)
      else if (char === '"' && at < (absent.get('"') ?? end)) readDoubleQuoted(depth)
      else if (char === '$' && text[at + 1] === '(') readSubstitution(depth)
      else if (char === '$' && text[at + 1] === '{') at = Math.min(end, closing('}', at + 2) + 1)
      else if (BREAK.test(char)) break
      else at++
    }
    at = Math.min(at, end)
    return { start: from, end: at }
  }

  function readDoubleQuoted(depth: number): void {
    const open = at++
    while (at < end && text[at] !== '"') {
      if (text[at] === '\\') at += 2
      else if (text[at] === '$' && text[at + 1] === '(') readSubstitution(depth)
      else at++
    }
    if (at < end) at++
    else {
      absent.set('"', open)
      at = open + 1
    }
  }

  function readSubstitution(depth: number): void {
    if (text[at + 2] === '(') at = Math.min(end, closing('))', at + 3) + 2)
    else {
      at += 2
      if (depth < DEPTH_MAX) readCommands(depth + 1)
    }
  }

  /** Where a quote or a bracket closes, or the place just before `from` when it never does. */
  function closing(mark: string, from: number): number {
    if (from >= (absent.get(mark) ?? end)) return from - 1
    const found = text.indexOf(mark, from)
    if (found >= 0 && found < end) return found
    absent.set(mark, from)
    return from - 1
  }

  function indexOrEnd(char: string, from: number): number {
    const found = text.indexOf(char, from)
    return found < 0 ? end : Math.min(found, end)
  }

  readCommands(0)
  return { commands, documents }
}
