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
import type { Found, Part, Span } from './found.ts'

/** Longer texts are not parsed: few manifests are as long, and a parsed text takes many times its own memory. */
const TEXT_MAX = 2 * 1024 * 1024
const DOCUMENTS_MAX = 10_000
/** Larger maps are looked up in by an index. */
const SMALL_MAP = 16
/** How many merged maps are looked through for one key: maps may merge maps that merge maps. */
const MERGES_MAX = 64

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

/** The text is not YAML, or is too much of it. */
class NotYaml extends Error {}

/**
 * Reads a YAML or JSON text of one or several documents, every scalar a string as it is written; `undefined` when it is
 * too long or is not YAML.
 */
export function readYaml(text: string): readonly YamlDocument[] | undefined {
  return visitYaml(text, (documents) => Array.from(documents, createDocument))
}

/**
 * Like {@link readYaml}, with one document in memory at a time. Gives what `visit` gives, or `undefined`, however much
 * was visited before.
 */
export function visitYaml<Result>(
  text: string,
  visit: (documents: Iterable<Document.Parsed>) => Result,
): Result | undefined {
  try {
    return visit(parseDocuments(text))
  } catch (error) {
    // A text that is nested too deeply exhausts the stack.
    if (error instanceof NotYaml || error instanceof RangeError) return undefined
    throw error
  }
}

function* parseDocuments(text: string): Generator<Document.Parsed> {
  if (text.length > TEXT_MAX) throw new NotYaml()
  const composer = new Composer({
    // Spelled out so that a `%YAML 1.1` directive cannot turn values into something else than they are written as.
    version: '1.2',
    schema: 'failsafe',
    merge: false,
    resolveKnownTags: false,
    uniqueKeys: false,
    logLevel: 'silent',
  })
  let count = 0
  for (const document of composer.compose(new Parser().parse(text))) {
    if (document.errors.length > 0 || ++count > DOCUMENTS_MAX) throw new NotYaml()
    yield document
  }
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

/** What a string of a YAML text means, as a text of its own, and where in the text around it that stands. */
export interface InnerText {
  readonly value: string
  /** Where a span of `value` stands; `undefined` where what is written there is not the value itself. */
  locate(span: Span): Span | undefined
  /** All of the string, without quotes. */
  readonly span: Span
}

/** Looks into a string of a text: each character of it can be located unless it is escaped or folded. */
export function innerText(text: string, scalar: StringScalar): InnerText {
  const { value, type } = scalar
  const [start, end] = scalar.range!
  if (type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED') return blockText(text, scalar)
  const quote = type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE' ? 1 : 0
  const span = { start: start + quote, end: end - quote }
  const same = text.slice(span.start, span.end) === value
  return {
    value,
    span,
    locate: (inner) => (same ? { start: span.start + inner.start, end: span.start + inner.end } : undefined),
  }
}

/** Moves what was found in the value of a string to where it stands in the text around. */
export function relocate(parts: Found['parts'], inner: InnerText): Found['parts'] {
  return Object.fromEntries(
    Object.entries(parts).map(([name, part]: [string, Part]) => {
      const span = inner.locate(part.span)
      return [name, span ? { ...part, span } : { value: part.value, span: inner.span, escaped: true }]
    }),
  )
}

/**
 * Line by line, since each stands behind an indentation that is no part of the value, and may end with CRLF. Where lines
 * are folded the value has others than the text, and nothing can be located.
 */
function blockText(text: string, { value, range }: StringScalar): InnerText {
  const [start, end] = range!
  const span = { start, end }
  const lines = value.split('\n')
  const offsets: number[] = []
  const innerStarts: number[] = []
  let at = text.indexOf('\n', start) + 1
  let innerAt = 0
  for (const line of lines) {
    let lineEnd = text.indexOf('\n', at)
    if (lineEnd < 0 || lineEnd > end) lineEnd = end
    const written = text.slice(at, lineEnd).replace(/\r$/, '')
    const indent = written.length - line.length
    if (line !== '' && (indent < 0 || !written.endsWith(line) || written.slice(0, indent).trim() !== '')) {
      return { value, span, locate: () => undefined }
    }
    offsets.push(at + Math.max(0, indent))
    innerStarts.push(innerAt)
    innerAt += line.length + 1
    at = lineEnd + 1
  }
  return {
    value,
    span,
    locate(inner) {
      let [low, high] = [0, innerStarts.length]
      while (high - low > 1) {
        const middle = (low + high) >> 1
        if (innerStarts[middle]! <= inner.start) low = middle
        else high = middle
      }
      if (inner.end > innerStarts[low]! + lines[low]!.length) return undefined
      const shift = offsets[low]! - innerStarts[low]!
      return { start: inner.start + shift, end: inner.end + shift }
    },
  }
}

/** A document whose aliases can be followed. */
export function createDocument(document: Document.Parsed): YamlDocument {
  let anchors: Map<string, Node[]> | undefined
  const indexes = new WeakMap<YAMLMap, Map<string, unknown>>()
  const valueAt = (map: YAMLMap, key: string): unknown => {
    if (map.items.length <= SMALL_MAP) return map.items.find((pair) => stringOf(pair.key) === key)?.value
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
  const get = (map: YAMLMap, key: string, merges = { left: MERGES_MAX }): Node | undefined => {
    const own = valueAt(map, key)
    if (own !== undefined) return resolve(own)
    const merge = resolve(valueAt(map, '<<'))
    for (const source of isSeq(merge) ? merge.items : merge === undefined ? [] : [merge]) {
      const merged = resolve(source)
      const found = isMap(merged) && merges.left-- > 0 ? get(merged, key, merges) : undefined
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
