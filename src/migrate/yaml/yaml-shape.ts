import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, visit } from 'yaml'
import { applyEdits, inOrder } from '../edit.ts'
import type { Edit } from '../finding.ts'
import { maskTemplate } from '../template-mask.ts'
import { faultOfTomlSyntax } from '../toml-shape.ts'
import { parsePiece } from './yaml-document.ts'
import { documentsOf, piecesOf, type YamlPiece } from './yaml-pieces.ts'

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
 * What is wrong with a YAML text once it is edited; nothing when it has the same documents, where only strings that
 * edits touch differ, and no key twice that it did not have twice before. Pieces without edits are not parsed, and
 * pieces that were no YAML before have no shape to be kept.
 */
export function faultOfYaml(text: string, edits: readonly Edit[]): string | undefined {
  const before = maskTemplate(text)
  // What stands in an action of a template is blotted out, and no YAML.
  const left = inOrder(edits).filter(({ start, end }) => before.slice(start, end) === text.slice(start, end))
  for (const place of documentsOf(before)) {
    for (const piece of piecesOf(before, place)) {
      const end = piece.offset + piece.text.length
      const own: Edit[] = []
      while (left[0] !== undefined && left[0].start < end && left[0].end <= end) own.push(left.shift()!)
      const fault = own.length === 0 ? undefined : faultOfPiece(piece, own)
      if (fault !== undefined) return fault
    }
  }
  return left.length === 0 ? undefined : 'an edit is in no document of it'
}

function faultOfPiece({ text, offset }: YamlPiece, edits: readonly Edit[]): string | undefined {
  const places = edits.map((edit) => ({ ...edit, start: edit.start - offset, end: edit.end - offset }))
  const old = metIn(text)
  if (old === undefined) return undefined
  const young = metIn(applyEdits(text, places))
  if (young === undefined) return 'it would not be YAML afterwards'
  if (young.repeated.length > old.repeated.length)
    return `it would have the key ${young.repeated.find((key) => !old.repeated.includes(key)) ?? young.repeated[0]} twice afterwards`
  if (!isSameShape(old.met, young.met, places)) return 'more than image names would differ afterwards'
  return faultOfTexts(old.met, young.met)
}

/** What is a text of its own within a string has to stay readable too. */
function faultOfTexts(old: readonly Met[], young: readonly Met[]): string | undefined {
  for (const [index, { value = '' }] of old.entries()) {
    const after = young[index]!.value ?? ''
    if (value === after || !value.includes('\n')) continue
    const toml = faultOfTomlSyntax(value, after)
    const repeated = (metIn(after)?.repeated.length ?? 0) > (metIn(value)?.repeated.length ?? 0)
    if (toml !== undefined || repeated)
      return `a text in it: ${toml ?? 'it would have a key twice afterwards'}`
  }
  return undefined
}

function isSameShape(old: readonly Met[], young: readonly Met[], places: readonly Edit[]): boolean {
  if (young.length !== old.length) return false
  let next = 0
  return old.every(({ shape, value, start, end }, index) => {
    const met = young[index]!
    if (met.shape !== shape) return false
    if (value === undefined || value === met.value) return true
    while (next < places.length && places[next]!.end <= start) next++
    return next < places.length && places[next]!.start >= start && places[next]!.end <= end
  })
}

/** `undefined` for what is no YAML. */
function metIn(text: string): { met: Met[]; repeated: string[] } | undefined {
  const met: Met[] = []
  const repeated: string[] = []
  try {
    for (const document of parsePiece(text, 0)) {
      if (document.errors.length > 0) return undefined
      walk(document, met, repeated)
    }
  } catch (error) {
    // A text that is nested too deeply exhausts the stack.
    if (error instanceof RangeError) return undefined
    throw error
  }
  return { met, repeated }
}

function walk(document: Document.Parsed, met: Met[], repeated: string[]): void {
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
        if (isMap(node)) repeated.push(...repeatedKeys(node.items))
        met.push({
          shape: `${isMap(node) ? 'map' : 'list'} ${node.items.length} ${node.flow} ${rest}`,
          start,
          end,
        })
      }
    },
  })
}

function repeatedKeys(items: readonly Pair[]): string[] {
  const keys = new Set<string>()
  return items.flatMap(({ key }) => {
    const name = isScalar(key) ? String(key.value) : undefined
    if (name === undefined) return []
    if (keys.has(name)) return [name]
    keys.add(name)
    return []
  })
}
