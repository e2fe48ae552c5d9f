import { parse, TomlError, type TomlTable } from 'smol-toml'

/** A TOML text as data, and where in it the keys stand. */
export interface TomlDocument {
  readonly value: TomlTable
  /**
   * The line, from 1, of the value with this path, an index for each table of an array; of what it is in where it has
   * no line of its own, such as in a table on one line.
   */
  line(path: readonly (string | number)[]): number
}

/** Why a text is no TOML, and where. */
export interface TomlFault {
  readonly line: number
  readonly reason: string
}

/** Reads a TOML text. */
export function readTomlDocument(text: string): TomlDocument | TomlFault {
  try {
    const value = parse(text.replace(/^\uFEFF/, ''))
    let lines: ReadonlyMap<string, number> | undefined
    return {
      value,
      line(path) {
        lines ??= linesOf(text)
        for (let length = path.length; length > 0; length--) {
          const line = lines.get(keyOf(path.slice(0, length)))
          if (line !== undefined) return line
        }
        return 1
      },
    }
  } catch (error) {
    if (error instanceof TomlError) return { line: error.line, reason: firstLine(error.message) }
    // A text that is nested too deeply exhausts the stack.
    if (error instanceof RangeError) return { line: 1, reason: 'it is nested too deeply' }
    throw error
  }
}

export function isTomlFault(read: TomlDocument | TomlFault): read is TomlFault {
  return 'reason' in read
}

/** A table below others; `undefined` where there is none. */
export function tableAt(value: unknown, ...path: readonly string[]): TomlTable | undefined {
  let at = value
  for (const key of path) {
    if (!isTable(at)) return undefined
    at = at[key]
  }
  return isTable(at) ? at : undefined
}

export function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

const HEADER = /^\s*(\[\[?)(.+?)\]\]?\s*(?:#.*)?$/
const KEY = /^\s*((?:"(?:\\.|[^"\\])*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"(?:\\.|[^"\\])*"|'[^']*'|[\w-]+))*)\s*=/
const COMPONENT = /"((?:\\.|[^"\\])*)"|'([^']*)'|([\w-]+)/g

/** A text that was parsed is read once more, by its lines: parsers keep no places. */
function linesOf(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>()
  const counts = new Map<string, number>()
  let table: (string | number)[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const header = HEADER.exec(line)
    if (header !== null) table = headerPath(componentsOf(header[2]!), header[1] === '[[', counts)
    const written = header === null ? KEY.exec(line)?.[1] : ''
    if (written === undefined) continue
    const path = [...table, ...componentsOf(written)]
    // What a dotted name makes on the way begins there too.
    for (let length = 1; length <= path.length; length++) {
      const key = keyOf(path.slice(0, length))
      if (!lines.has(key)) lines.set(key, index + 1)
    }
  }
  return lines
}

/** The path of a header, with the indexes of the arrays of tables that it goes through. */
function headerPath(
  components: readonly string[],
  begins: boolean,
  counts: Map<string, number>,
): (string | number)[] {
  const path: (string | number)[] = []
  for (const [index, component] of components.entries()) {
    path.push(component)
    const key = keyOf(path)
    if (begins && index === components.length - 1) counts.set(key, (counts.get(key) ?? -1) + 1)
    const count = counts.get(key)
    if (count !== undefined) path.push(count)
  }
  return path
}

function componentsOf(written: string): string[] {
  return [...written.matchAll(COMPONENT)].map(([, basic, literal, bare]) => basic ?? literal ?? bare!)
}

function keyOf(path: readonly (string | number)[]): string {
  return JSON.stringify(path)
}

function firstLine(message: string): string {
  return message.split('\n')[0]!.replace(/^Invalid TOML document: /, '')
}
