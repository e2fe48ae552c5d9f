import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml'
import type { ConfigPath } from './fault.ts'

/** Line and column, both from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A YAML text as plain data, and where in the text each value of it stands. */
export interface ConfigDocument {
  readonly value: unknown
  /** Where a value, or the key before it, stands; for what is missing, where the map or list around it does. */
  locate(path: ConfigPath, key?: boolean): Position
}

/** Why a text is not one YAML document. */
export interface SyntaxFault {
  readonly message: string
  readonly position?: Position
}

/** In characters; tens of thousands of backends and prefixes. */
export const TEXT_MAX = 4 * 1024 * 1024
/**
 * What parts values in YAML: the parser takes a kilobyte for each. 50,000 places have 350,000; a text of the longest
 * length may have millions, and take gigabytes before it is found to be no config.
 */
const MARKS = /[[\]{}\n]|,(?=\S|$)|[-:?](?=\s|$)/g
const MARKS_MAX = 600_000

/** How many repeated keys are told of. */
const FAULTS_MAX = 100

/** How many values the aliases of a file may stand for: a few nested ones can stand for billions. */
const ALIASES_MAX = 100

/** Reads one YAML 1.2 document (JSON is one), or says why the text is none. */
export function readDocument(text: string): ConfigDocument | { faults: readonly SyntaxFault[] } {
  if (text.length > TEXT_MAX) {
    return { faults: [{ message: `must not be longer than ${TEXT_MAX} characters` }] }
  }
  if (hasMoreMarks(text, MARKS_MAX)) {
    return {
      faults: [{ message: `must not hold more than ${MARKS_MAX} lines, keys, list items and brackets` }],
    }
  }
  const lines = new LineCounter()
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    // The parser compares each key with all before it, which of 20,000 takes seconds.
    uniqueKeys: false,
    // Spelled out so that a `%YAML 1.1` directive cannot turn `no` into false or switch merge keys on.
    version: '1.2',
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    logLevel: 'error',
  })
  const problems = [...document.errors, ...document.warnings]
  // Too deep a nesting fails at every level; one line says it.
  const exhausted = problems.find(({ code }) => code === 'RESOURCE_EXHAUSTION')
  const faults: SyntaxFault[] = (exhausted ? [exhausted] : untilLost(problems)).map(
    ({ code, message, pos }) => ({
      message: code in PLAIN ? PLAIN[code]! : `is not YAML: ${message}`,
      position: position(pos[0]),
    }),
  )
  if (faults.length === 0) faults.push(...findKeyFaults(document, position))
  if (faults.length === 0) faults.push(...findAliasFaults(document, position))
  if (faults.length > 0) return { faults }
  try {
    const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX })
    return { value, locate: (path, key) => position(findOffset(document, path, key)) }
  } catch (error) {
    // What is left to throw is the count of what nested aliases stand for.
    if (error instanceof ReferenceError) return { faults: [{ message: TOO_MANY_ALIASES }] }
    throw error
  }
}

function hasMoreMarks(text: string, limit: number): boolean {
  let count = 0
  for (const _ of text.matchAll(MARKS)) if (++count > limit) return true
  return false
}

/** Up to where the text ceases to be YAML: what the parser says of the rest is guesswork, a line for each of its lines. */
function untilLost(problems: readonly YAMLError[]): readonly YAMLError[] {
  const inOrder = problems.toSorted((one, other) => one.pos[0] - other.pos[0])
  const lost = inOrder.findIndex(({ name, code }) => name === 'YAMLParseError' && !(code in PLAIN))
  return lost < 0 ? inOrder : inOrder.slice(0, lost + 1)
}

const TOO_MANY_ALIASES = `has aliases that stand for too many values; at most ${ALIASES_MAX} are followed`
const PLAIN: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'must be one YAML document; here a second one begins',
  TAB_AS_INDENT: 'must be indented with spaces; here is a tab',
  RESOURCE_EXHAUSTION: 'is nested too deeply',
}

/** Keys that stand in their map already. */
function findKeyFaults(document: Document, position: (offset: number) => Position): SyntaxFault[] {
  const faults: SyntaxFault[] = []
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        if (seen.has(key.value)) {
          const message = 'this key stands here a second time in the same map'
          faults.push({ message, position: position(key.range?.[0] ?? 0) })
          if (faults.length >= FAULTS_MAX) return visit.BREAK
        }
        seen.add(key.value)
      }
      return undefined
    },
  })
  return faults
}

/** Aliases that lead nowhere or into themselves, which the parser lets pass. */
function findAliasFaults(document: Document, position: (offset: number) => Position): SyntaxFault[] {
  const faults: SyntaxFault[] = []
  let count = 0
  visit(document, {
    Alias(_, alias, ancestors) {
      const at = position(alias.range?.[0] ?? 0)
      if (++count > ALIASES_MAX) {
        faults.push({ message: TOO_MANY_ALIASES, position: at })
        return visit.BREAK
      }
      const target = alias.resolve(document)
      if (target === undefined) {
        faults.push({ message: `the alias *${alias.source} has no anchor before it`, position: at })
      } else if (ancestors.includes(target)) {
        faults.push({ message: `the alias *${alias.source} stands within its own anchor`, position: at })
      }
      return undefined
    },
  })
  return faults
}

function findOffset(document: Document, path: ConfigPath, key = false): number {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document)
    if (isSeq(node) && typeof step === 'number') {
      node = node.items[step]
    } else if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === step)
      node = pair?.value
      if (key && depth === path.length - 1) node = pair?.key
    } else {
      break
    }
    if (node === undefined) break
    offset = startOf(node) ?? offset
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  return (node as { range?: readonly number[] } | null | undefined)?.range?.[0]
}
