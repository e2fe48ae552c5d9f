import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  Parser,
  type Scalar,
  visit,
  type YAMLMap,
} from 'yaml'
import type { Span } from '../found.ts'
import { type InnerText, innerText } from '../inner-text.ts'
import { documentsOf, piecesOf } from './yaml-pieces.ts'

/** Larger maps are looked up in by an index. */
const SMALL_MAP = 16
/** How many merged maps are looked through for one key: maps may merge maps that merge maps. */
const MERGES_MAX = 64
const TOO_DEEP = 'it is nested too deeply'

/** A string of a YAML text. */
export type StringScalar = Scalar<string>

/** One document of a YAML text, with its aliases resolved one step at a time: nothing is ever expanded. */
export interface YamlDocument {
  readonly contents: Node | null
  /** What an alias stands for; any other node is itself. `undefined` for an alias that leads nowhere. */
  resolve(node: unknown): Node | undefined
  /** The value of a key, its alias resolved, merged maps looked through. */
  get(map: YAMLMap, key: string): Node | undefined
  /** The same, where it is a string. */
  getString(map: YAMLMap, key: string): StringScalar | undefined
}

/** A stretch of a text as YAML, with the keys above it; or one that is none, and why. */
export type YamlRead =
  | { readonly kind: 'document'; readonly document: YamlDocument; readonly path: readonly string[] }
  | { readonly kind: 'unread'; readonly span: Span; readonly reason: string }

/**
 * Reads a YAML or JSON text of one or several documents, every scalar a string as it is written, with one document in
 * memory at a time, and of a long one a piece, those that are not relevant left out. What cannot be parsed hides none of the others.
 */
export function* readYaml(
  text: string,
  {
    places = documentsOf(text),
    isRelevant,
  }: { places?: Iterable<Span> | undefined; isRelevant?: ((piece: string) => boolean) | undefined } = {},
): Iterable<YamlRead> {
  for (const { parsed, path, span } of parseYaml(text, places, isRelevant)) {
    const [error] = parsed instanceof Error ? [parsed] : parsed.errors
    if (error !== undefined) yield { kind: 'unread', span, reason: `it is not YAML: ${wordsOf(error)}` }
    else if (!(parsed instanceof Error)) yield { kind: 'document', document: createDocument(parsed), path }
  }
}

/** The parser tells of an exhausted stack as of any other fault. */
function wordsOf({ message }: Error): string {
  return /call stack/.test(message) ? TOO_DEEP : message
}

/** A parsed piece; what was wrong with it is in its errors, or is all of it. */
interface Parsed {
  readonly parsed: Document.Parsed | Error
  readonly path: readonly string[]
  readonly span: Span
}

/** Parses the documents of a text, piece by piece. Offsets are those of the whole text. */
function* parseYaml(
  text: string,
  places: Iterable<Span>,
  isRelevant: ((piece: string) => boolean) | undefined,
): Iterable<Parsed> {
  for (const place of places) {
    for (const { text: piece, offset, path } of piecesOf(text, place, isRelevant)) {
      const span = { start: Math.max(0, offset), end: Math.min(text.length, offset + piece.length) }
      try {
        for (const parsed of parsePiece(piece, offset)) yield { parsed, path, span }
      } catch (error) {
        // A text that is nested too deeply exhausts the stack.
        if (!(error instanceof RangeError)) throw error
        yield { parsed: new Error(TOO_DEEP), path, span }
      }
    }
  }
}

/** Parses one piece; the faults of a document are in its `errors`. */
export function* parsePiece(text: string, offset: number): Iterable<Document.Parsed> {
  const composer = new Composer({
    // Spelled out so that a `%YAML 1.1` directive cannot turn values into something else than they are written as.
    version: '1.2',
    schema: 'failsafe',
    merge: false,
    resolveKnownTags: false,
    uniqueKeys: false,
    logLevel: 'silent',
    prettyErrors: false,
  })
  const parser = new Parser()
  parser.offset = offset
  yield* composer.compose(parser.parse(text))
}

/** The string that a node is, if it is one. */
export function stringOf(node: unknown): string | undefined {
  return isStringScalar(node) ? node.value : undefined
}

export function isStringScalar(node: unknown): node is StringScalar {
  return isScalar(node) && typeof node.value === 'string' && node.range != null
}

/** The keys of a map that are strings, with their nodes; merged maps are not looked through. */
export function* entriesOf(map: YAMLMap): Iterable<{ readonly key: string; readonly value: unknown }> {
  for (const { key, value } of map.items) {
    const name = stringOf(key)
    if (name !== undefined) yield { key: name, value }
  }
}

/** Looks into a string of a text: each word of it can be located unless it is written with escapes. */
export function innerTextOf(text: string, { value, type, range }: StringScalar): InnerText {
  const [start, end] = range!
  if (type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED') {
    // Behind the header, which ends with its line.
    const body = text.indexOf('\n', start) + 1
    return innerText(text, { start: body === 0 ? end : Math.min(body, end), end }, value, 'none')
  }
  const quoting = type === 'QUOTE_DOUBLE' ? 'double' : type === 'QUOTE_SINGLE' ? 'single' : 'none'
  const quote = quoting === 'none' ? 0 : 1
  return innerText(text, { start: start + quote, end: end - quote }, value, quoting)
}

/** A document whose aliases can be followed. */
export function createDocument(document: Document.Parsed): YamlDocument {
  let anchors: Map<string, Node[]> | undefined
  const indexes = new WeakMap<YAMLMap, Map<string, unknown>>()
  const valueAt = (map: YAMLMap, key: string): unknown => {
    if (map.items.length <= SMALL_MAP) {
      for (const pair of map.items) if (stringOf(pair.key) === key) return pair.value
      return undefined
    }
    let index = indexes.get(map)
    if (index === undefined) {
      // The first of two equal keys, as it is without an index.
      index = new Map([...entriesOf(map)].reverse().map((entry) => [entry.key, entry.value]))
      indexes.set(map, index)
    }
    return index.get(key)
  }
  const resolve = (node: unknown): Node | undefined => {
    if (!isAlias(node)) return (node as Node | null | undefined) ?? undefined
    anchors ??= anchorsOf(document)
    const before = node.range?.[0] ?? 0
    return lastBefore(anchors.get(node.source) ?? [], before)
  }
  const get = (map: YAMLMap, key: string, left?: { merges: number }): Node | undefined => {
    const own = valueAt(map, key)
    if (own !== undefined) return resolve(own)
    const merge = resolve(valueAt(map, '<<'))
    if (merge === undefined) return undefined
    const budget = left ?? { merges: MERGES_MAX }
    for (const source of isSeq(merge) ? merge.items : [merge]) {
      const merged = resolve(source)
      const found = isMap(merged) && budget.merges-- > 0 ? get(merged, key, budget) : undefined
      if (found !== undefined) return found
    }
    return undefined
  }
  return {
    contents: document.contents,
    resolve,
    get: (map, key) => get(map, key),
    getString: (map, key) => {
      const node = get(map, key)
      return isStringScalar(node) ? node : undefined
    },
  }
}

/** An anchor may be given several times: an alias means the last one before it. */
function lastBefore(nodes: readonly Node[], offset: number): Node | undefined {
  let [low, high] = [0, nodes.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((nodes[middle]!.range?.[0] ?? 0) < offset) low = middle + 1
    else high = middle
  }
  return nodes[low - 1]
}

/** Every node of each anchor, in the order of the text. */
function anchorsOf(document: Document.Parsed): Map<string, Node[]> {
  const anchors = new Map<string, Node[]>()
  visit(document, {
    Value(_, node) {
      if (node.anchor === undefined) return
      const nodes = anchors.get(node.anchor)
      if (nodes === undefined) anchors.set(node.anchor, [node])
      else nodes.push(node)
    },
  })
  return anchors
}
