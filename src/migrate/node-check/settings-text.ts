import { isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml'

/** One document of a YAML or JSON text as data, and where in it values stand. */
export interface SettingsDocument {
  readonly value: unknown
  /** The line, from 1, of what has this path; of what it is in where there is none. */
  line(path: readonly (string | number)[]): number
}

/** Why a text cannot be read, and where. */
export interface SettingsFault {
  readonly line: number
  readonly reason: string
}

/** Settings have few documents. */
const DOCUMENTS_MAX = 1000
/** As many aliases as an honest file has. */
const ALIASES_MAX = 100

/** Reads YAML, or JSON, of one or several documents. */
export function readSettings(text: string): readonly SettingsDocument[] | SettingsFault {
  try {
    return readDocuments(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    // Too many aliases, or a text that is nested so deeply that it exhausts the stack.
    return { line: 1, reason: error instanceof Error ? error.message : String(error) }
  }
}

function readDocuments(text: string): readonly SettingsDocument[] | SettingsFault {
  const counter = new LineCounter()
  const parsed = parseAllDocuments(text, { lineCounter: counter, logLevel: 'silent' })
  const documents = Array.isArray(parsed) ? parsed.slice(0, DOCUMENTS_MAX) : []
  for (const { errors } of documents) {
    const [error] = errors
    if (error === undefined) continue
    const reason = error.message.split('\n')[0]!.replace(/ at line \d+, column \d+:$/, '')
    return { line: Math.max(1, counter.linePos(error.pos[0]).line), reason }
  }
  return documents.map((document) => ({
    value: document.toJS({ maxAliasCount: ALIASES_MAX }),
    line: (path) => lineIn(document.contents, path, counter),
  }))
}

export function isSettingsFault<Read extends object>(read: Read | SettingsFault): read is SettingsFault {
  return 'reason' in read
}

/** Reads one document of strict JSON, as Go programs do. */
export function readJson(text: string): SettingsDocument | SettingsFault {
  const read = readSettings(text)
  try {
    JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    if (isSettingsFault(read)) return { ...read, reason }
    const position = /at position (\d+)/.exec(reason)?.[1]
    return { line: position === undefined ? 1 : text.slice(0, Number(position)).split('\n').length, reason }
  }
  if (isSettingsFault(read)) return read
  return read[0] ?? { line: 1, reason: 'it is empty' }
}

/** A map of JSON or YAML. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What has this path, if all on the way to it are maps. */
export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  let at = value
  for (const key of path) at = isRecord(at) && Object.hasOwn(at, key) ? at[key] : undefined
  return at
}

/** The texts of a list; none where there is no list. */
export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function lineIn(contents: Node | null, path: readonly (string | number)[], counter: LineCounter): number {
  let node: unknown = contents
  let offset = contents?.range?.[0] ?? 0
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key: name }) => isScalar(name) && String(name.value) === String(key))
      if (pair === undefined) break
      if (isScalar(pair.key) && pair.key.range) offset = pair.key.range[0]
      node = pair.value
    } else if (isSeq(node) && typeof key === 'number') {
      node = node.items[key]
      const range = isMap(node) || isSeq(node) || isScalar(node) ? node.range : undefined
      if (!range) break
      offset = range[0]
    } else break
  }
  return Math.max(1, counter.linePos(offset).line)
}
