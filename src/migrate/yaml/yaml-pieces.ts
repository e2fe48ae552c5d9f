import type { Span } from '../found.ts'
import { childrenOfBlock } from './block-children.ts'
import { childrenOfFlow } from './flow-children.ts'
import type { YamlChild } from './yaml-children.ts'

/** A stretch of a YAML text that is parsed by itself, so that a long document takes no more memory than a short one. */
export interface YamlPiece {
  /** What is to be parsed; its first character stands at `offset` of the whole text. */
  readonly text: string
  readonly offset: number
  /** The keys that lead to it from the top of its document, `[]` for what is in a list. */
  readonly path: readonly string[]
  /** It is not all of its document. */
  readonly isPart?: true
}

/** A parsed text takes some hundred times its own length; longer documents are cut. */
const DOCUMENT_MAX = 128 * 1024
/** Of a document that is cut, longer parts are cut again, and shorter ones are parsed together up to a length. */
const PART_MAX = 32 * 1024
const GROUP_MAX = 8 * 1024
const DEPTH_MAX = 16
const PROLOGUE_MAX = 4096
const PROLOGUE = /^\uFEFF?(?:[ \t]*(?:[#%][^\n]*)?\r?\n)*$/
const MARKER = /^---(?=[ \t\r\n]|$)/gm

/** The documents of a YAML text: `---` at the beginning of a line begins one, wherever it stands (YAML 1.2, 9.1.2). */
export function* documentsOf(text: string): Iterable<Span> {
  let start = 0
  for (const { index } of text.matchAll(MARKER)) {
    // Comments and directives before a marker belong to the document behind it.
    if (index - start <= PROLOGUE_MAX && PROLOGUE.test(text.slice(start, index))) continue
    if (index > start) yield { start, end: index }
    start = index
  }
  yield { start, end: text.length }
}

/**
 * Cuts a document into pieces; a short one is one piece. Of a document that is cut, parts and items of lists that are
 * not relevant are left out, where something says which are.
 */
export function* piecesOf(
  text: string,
  { start, end }: Span,
  isRelevant: (part: string) => boolean = () => true,
): Iterable<YamlPiece> {
  for (const piece of cut({ text: text.slice(start, end), offset: start, path: [] }, isRelevant, 0))
    if (piece.isPart !== true || isRelevant(piece.text)) yield piece
}

function* cut(piece: YamlPiece, isRelevant: (part: string) => boolean, depth: number): Iterable<YamlPiece> {
  const { text, offset, path } = piece
  const children =
    text.length > (depth === 0 ? DOCUMENT_MAX : PART_MAX) && depth < DEPTH_MAX
      ? (childrenOfFlow(text) ?? childrenOfBlock(text))
      : undefined
  if (children === undefined || children.items.length === 0) {
    yield piece
    return
  }
  const { items, around, between } = children
  const enclosed = (group: readonly YamlChild[]): YamlPiece => ({
    text: around[0] + inPlace(text, group, between) + around[1],
    offset: offset + group[0]!.start - around[0].length,
    path,
    isPart: true,
  })
  let group: YamlChild[] = []
  for (const child of items) {
    // The keys of a map say together what it is; an item of a list is something by itself.
    if (child.key === '[]' && !isRelevant(text.slice(child.start, child.end))) continue
    const isLong = child.end - child.start > PART_MAX && (items.length > 1 || child.value > child.start)
    if (group.length > 0 && (isLong || child.end - group[0]!.start > GROUP_MAX)) {
      yield enclosed(group)
      group = []
    }
    if (isLong) {
      // The dash of a list's item is blotted out, so that what is on its line stands where it stood.
      const blanks = child.key === '[]' ? child.value - child.start : 0
      const inner = {
        text: ' '.repeat(blanks) + text.slice(child.value, child.end),
        offset: offset + child.value - blanks,
        path: [...path, child.key],
        isPart: true,
      } as const
      yield* cut(inner, isRelevant, depth + 1)
    } else group.push(child)
  }
  if (group.length > 0) yield enclosed(group)
}

/** A stretch of a text with some children of it, each where it stands; what was between them is blotted out. */
function inPlace(text: string, children: readonly YamlChild[], between: string): string {
  let at = children[0]!.start
  let kept = ''
  for (const { start, end } of children) {
    const blanks = start - at - between.length
    if (start > at) kept += blanks > 0 ? `${between}${' '.repeat(blanks - 1)}\n` : between
    kept += text.slice(start, end)
    at = end
  }
  return kept
}
