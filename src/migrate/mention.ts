import { startOf, without } from './finders/overlap.ts'
import { findInText } from './finders/text.ts'
import type { Found, SourceText } from './found.ts'
import { LineIndex } from './line-index.ts'
import type { RegistryMap } from './map.ts'
import { nameOf } from './name.ts'

/** Names of a map in a text that were not understood: in comments and prose, or in a way that nobody here reads. */
export interface Mentions {
  readonly path: string
  readonly count: number
  /** The line of the first one, counted from 1. */
  readonly line: number
}

/** The names of a text that a map moves and that are no part of what was found; `undefined` when there are none. */
export function mentionsOf(
  source: SourceText,
  found: readonly Found[],
  map: RegistryMap,
): Mentions | undefined {
  const rest = without(found, findInText(source, map.isRelevant)).filter((one) => {
    const name = nameOf(one)
    const judgement = name && map.judge(name)
    return judgement !== undefined && judgement.verdict !== 'related'
  })
  const [first] = rest
  if (first === undefined) return undefined
  const { line } = new LineIndex(source.text).position(startOf(first))
  return { path: source.path, count: rest.length, line }
}
