import type { FinderTools, Found, Span } from '../found.ts'
import { literalText, relocate } from '../inner-text.ts'
import { BRANCH } from '../template-mask.ts'
import { isProseKey, isScriptKey } from './scripts.ts'
import { findInScript } from './shell.ts'
import { findInWord, findInWords, type WordPlace } from './word.ts'

/** Where a value is. */
export interface ValuePlace extends WordPlace {
  /** The last key that leads to it; '' for none. */
  readonly key: string
  /** It is one word of a command, which may be a script or be said to people. */
  readonly isWord?: boolean
  /** The name of the file that it is to be, if something beside it says so. */
  readonly file?: string
}

/** A key that is the name of a file. */
const FILE_NAME = /\.[A-Za-z]\w{0,9}$|^(?:docker|container|make|jenkins|tilt|vagrant)file(?=_inline$|$)/i
/** A file of one line is a file too. */
const FILE_OF_LINES = /^(?:docker|container|make|jenkins)file(?:_inline)?$/i
/** YAML of one line with a map or a list: `image: {repository: …, tag: …}`. */
const FLOW = /^["']?[\w./-]+["']?:[ \t]+[{[].*[}\]]$/
const DOCUMENT = /^[{[][\s\S]*[}\]]$/

/**
 * Finds the references of one value of a structured text, whatever its key is: one that is a reference as a whole, alone
 * or behind `--flag=` or `NAME=`; commands and texts of another format that it holds. Prose has none.
 */
export function findInValue(value: string, place: ValuePlace, tools: FinderTools): Found[] {
  if (!/[.:]/.test(value)) return []
  const found: Found[] = []
  for (let start = 0; start <= value.length; ) {
    const next = value.indexOf(BRANCH, start)
    const end = next < 0 ? value.length : next
    const alternative = trimmed(value, { start, end })
    if (alternative.end > alternative.start) found.push(...findInOne(value, alternative, place, tools))
    start = end + 1
  }
  return found
}

function findInOne(text: string, span: Span, place: ValuePlace, tools: FinderTools): Found[] {
  const slice = text.slice(span.start, span.end)
  const isDocument = DOCUMENT.test(slice)
  if (!isDocument && !/\s/.test(slice)) return findInWord(text, span, place.key, place)
  const isScript = isScriptKey(place.key) && place.isWord !== true
  if (isDocument || slice.includes('\n') || FILE_OF_LINES.test(place.key) || FLOW.test(slice)) {
    const isProse = isProseKey(place.key) && place.file === undefined
    if (!isProse) return findEmbedded(text, span, { ...place, isScript }, tools)
  }
  if (isScript) return owned(findInScript(text, span, place.format), place)
  const words = findInWords(text, span, place)
  if (words.length > 0 || isProseKey(place.key)) return words
  // A command under another key: what it pulls is a reference for certain, its other words may be anything.
  return owned(
    findInScript(text, span, place.format).filter(({ confidence }) => confidence === 'certain'),
    place,
  )
}

function findEmbedded(
  text: string,
  span: Span,
  { key, file, isScript, ...place }: ValuePlace & { readonly isScript: boolean },
  tools: FinderTools,
): Found[] {
  // The blanks before its first line are its indentation.
  const inner = literalText(text, { start: lineStart(text, span.start), end: span.end })
  const name = file ?? (FILE_NAME.test(key) ? key.replace(/_inline$/, '') : undefined)
  const found = tools.findWithin({ text: inner.value, ...(name !== undefined && { name }), isScript })
  return owned(
    found.map((one) => ({ ...one, parts: relocate(one.parts, inner) })),
    { key, ...place },
  )
}

function owned(found: readonly Found[], { owner }: ValuePlace): Found[] {
  return found.map((one) => ({ ...one, owner: owner === '' ? one.owner : `${owner}: ${one.owner}` }))
}

function lineStart(text: string, at: number): number {
  let start = at
  while (start > 0 && (text[start - 1] === ' ' || text[start - 1] === '\t')) start--
  return start
}

function trimmed(text: string, { start, end }: Span): Span {
  let [from, to] = [start, end]
  while (from < to && /\s/.test(text[from]!)) from++
  while (to > from && /\s/.test(text[to - 1]!)) to--
  return { start: from, end: to }
}
