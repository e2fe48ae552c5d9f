import type { Format, Found, Span } from '../found.ts'
import { underName } from './guard.ts'
import { namesRegistry } from './names.ts'
import { confidenceOf, findSettings, readSetting } from './settings.ts'
import { readReference, readRegistryUrl } from './written-reference.ts'

/** What words belong to. */
export interface WordPlace {
  readonly format: Format
  readonly owner: string
}

const NAMED = /^(--?[A-Za-z][\w.-]*|[A-Za-z_][\w./-]*|\[[\w./-]+\])=/
/** A version that is asked for by a rule stands where a tag would: `acme/a:~1`, as Argo CD's image updater has it. */
const CONSTRAINT = /^[^\s:]+(?::\d{1,5})?\/[^\s:]+(?=:[~^<>=*!])/
const NAMES_MAX = 3

/** A word, or what is behind the name that it begins with; several between commas. */
export function findInWord(text: string, span: Span, name: string, place: WordPlace, depth = 0): Found[] {
  const { format, owner } = place
  const one = (parts: Found['parts'] | undefined): Found[] =>
    parts === undefined ? [] : [underName({ format, parts, owner, confidence: confidenceOf(name) }, name)]
  const parts =
    readSetting(text, span, name) ?? (namesRegistry(name) ? readRegistryUrl(text, span) : undefined)
  if (parts !== undefined) return one(parts)
  const slice = text.slice(span.start, span.end)
  if (depth < NAMES_MAX && slice.includes(',')) {
    return [...slice.matchAll(/[^,]+/g)].flatMap(({ index, 0: item }) => {
      const start = span.start + index
      return findInWord(text, { start, end: start + item.length }, name, place, depth + 1)
    })
  }
  const named = NAMED.exec(slice)
  if (named !== null && depth < NAMES_MAX) {
    const behind = unquoted(text, { start: span.start + named[0].length, end: span.end })
    return findInWord(text, behind, named[1]!, place, depth + 1)
  }
  const constrained = CONSTRAINT.exec(slice)
  return constrained === null
    ? []
    : one(readReference(text, { start: span.start, end: span.start + constrained[0].length }))
}

/**
 * Several words, where they are a list of references, or flags and settings that are handed on; else lines such as
 * `image: REFERENCE`, and JSON.
 */
export function findInWords(text: string, span: Span, place: WordPlace): Found[] {
  const words = [...text.slice(span.start, span.end).matchAll(/[^\s,]+/g)]
  const found = words.map(({ index, 0: word }) => {
    const start = span.start + index
    const one = findInWord(text, unquoted(text, { start, end: start + word.length }), '', place)
    const [, flag] = /^["']?(--[\w-]+)=/.exec(word) ?? []
    const list = flag === undefined ? one : one.map((each) => ({ ...each, owner: `flag ${flag}` }))
    return { list, isNamed: NAMED.test(word.replace(/^["']/, '')) }
  })
  const isList = found.every(({ list }) => list.length > 0)
  const isNamed = found.every(({ list, isNamed: named }) => list.length === 0 || named)
  const all = found.flatMap(({ list }) => list)
  if ((isList || isNamed) && all.length > 0) return all
  return findSettings(text, span, { ...place, confidence: 'likely' })
}

/** Without the quotes around it, when they are around all of it. */
export function unquoted(text: string, { start, end }: Span): Span {
  const quote = text[start]
  const isQuoted = (quote === '"' || quote === "'") && end - start > 1 && text[end - 1] === quote
  return isQuoted ? { start: start + 1, end: end - 1 } : { start, end }
}
