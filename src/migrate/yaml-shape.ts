import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, visit } from 'yaml'
import { inOrder } from './edit.ts'
import type { Edit } from './finding.ts'
import { visitYaml } from './yaml-source.ts'

/** One node of a document as the walk meets it. */
interface Met {
  /** All that has to stay: what it is, its anchor, its tag, how many it holds. */
  readonly shape: string
  /** The value of a scalar. */
  readonly value?: string
  readonly start: number
  readonly end: number
}

/**
 * Whether two YAML texts have the same documents, where only strings that edits of the first touch may differ. A text
 * that was not YAML before has no shape to be kept.
 */
export function keepsShape(before: string, after: string, edits: readonly Edit[]): boolean {
  const old = visitYaml(before, metOf)
  if (old === undefined) return true
  const young = visitYaml(after, metOf)
  if (young?.length !== old.length) return false
  const places = inOrder(edits)
  let next = 0
  return old.every(({ shape, value, start, end }, index) => {
    const met = young[index]!
    if (met.shape !== shape) return false
    if (value === undefined || value === met.value) return true
    while (next < places.length && places[next]!.end <= start) next++
    return next < places.length && places[next]!.start >= start && places[next]!.end <= end
  })
}

function metOf(documents: Iterable<Document.Parsed>): Met[] {
  const met: Met[] = []
  for (const document of documents) walk(document, met)
  return met
}

function walk(document: Document.Parsed, met: Met[]): void {
  met.push({ shape: 'document', start: 0, end: 0 })
  visit(document, {
    Pair(key: unknown, _: Pair) {
      met.push({ shape: `pair ${String(key)}`, start: 0, end: 0 })
    },
    Node(key: unknown, node: Node) {
      const [start, end] = node.range ?? [0, 0]
      const place = typeof key === 'number' ? 'item' : String(key)
      if (isAlias(node)) {
        met.push({ shape: `${place} alias ${node.source}`, start, end })
        return
      }
      const anchor = 'anchor' in node ? (node.anchor ?? '') : ''
      const rest = `${place} ${anchor} ${node.tag ?? ''}`
      if (isScalar(node))
        met.push({ shape: `scalar ${node.type} ${rest}`, value: String(node.value), start, end })
      else if (isMap(node) || isSeq(node)) {
        met.push({
          shape: `${isMap(node) ? 'map' : 'list'} ${node.items.length} ${node.flow} ${rest}`,
          start,
          end,
        })
      }
    },
  })
}
