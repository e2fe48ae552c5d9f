import type { CauseId } from './causes.ts'
import { wordsOf } from './pattern.ts'
import { wordings } from './shapes.ts'

/** A shape that has words in common with a text that has no known one. */
export interface Nearest {
  readonly says: string
  readonly cause: CauseId
}

const NEAREST_MAX = 3
/** Of the weight of a shape's words so much has to be in the text. */
const SHARE_MIN = 0.5

/** The shapes nearest to a clean line, the nearest first; none where nothing is near. */
export function nearestShapes(line: string): readonly Nearest[] {
  const words = new Set(wordsOf(line))
  const all = wordings()
  const frequency = new Map<string, number>()
  for (const { pattern } of all)
    for (const word of pattern.words) frequency.set(word, (frequency.get(word) ?? 0) + 1)
  // A word that stands in many shapes tells little.
  const weightOf = (word: string) => Math.log(1 + all.length / frequency.get(word)!)
  const weigh = (some: readonly string[]) => some.reduce((sum, word) => sum + weightOf(word), 0)
  return all
    .map(({ says, shape, pattern }) => {
      const common = pattern.words.filter((word) => words.has(word))
      return {
        says,
        cause: shape.causes[0],
        weight: weigh(common),
        share: weigh(common) / weigh(pattern.words),
      }
    })
    .filter(({ share }) => share >= SHARE_MIN)
    .toSorted((one, other) => other.weight * other.share - one.weight * one.share)
    .filter(({ cause }, index, sorted) => sorted.findIndex((each) => each.cause === cause) === index)
    .slice(0, NEAREST_MAX)
    .map(({ says, cause }) => ({ says, cause }))
}
