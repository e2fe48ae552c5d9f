import type { CauseId } from './causes.ts'
import { type Facts, readFacts } from './facts.ts'
import type { Match } from './pattern.ts'
import { mayHaveShape, type Wording, wordings } from './shapes.ts'

/** What a line says that is known. */
export interface LineMatch {
  /** The likeliest first. */
  readonly causes: readonly CauseId[]
  readonly notes: readonly string[]
  readonly facts: Facts
  /** Nothing better was found than words that also stand beside other messages. */
  readonly isVague: boolean
}

type Hit = Wording & { readonly match: Match }

/** Finds what is known in a clean line; `undefined` where nothing is. */
export function matchLine(line: string): LineMatch | undefined {
  if (!mayHaveShape(line)) return undefined
  const hits = outermost(
    wordings().flatMap((wording) => wording.pattern.find(line).map((match) => ({ ...wording, match }))),
  )
  const telling = hits.filter(({ shape }) => !shape.vague)
  // Messages go from the outside in: what stands last is what happened.
  const [first, ...rest] = (telling.length > 0 ? telling : hits).toSorted(
    (one, other) => other.match.end - one.match.end,
  )
  if (first === undefined) return undefined
  const facts = readFacts(line, first.match)
  const ofAll = [first, ...rest]
  return {
    causes: [
      ...new Set(ofAll.flatMap(({ shape }) => (facts.asked === 'blob' && shape.ofBlob) || shape.causes)),
    ],
    notes: [...new Set(ofAll.flatMap(({ shape }) => shape.note ?? []))],
    facts,
    isVague: first.shape.vague === true,
  }
}

/** Without those that are a part of another, which says more. */
function outermost(hits: readonly Hit[]): Hit[] {
  return hits.filter(
    (hit) =>
      !hits.some(
        (other) => other !== hit && covers(other.match, hit.match, hits.indexOf(other) < hits.indexOf(hit)),
      ),
  )
}

function covers(outer: Match, inner: Match, isBefore: boolean): boolean {
  if (outer.start > inner.start || outer.end < inner.end) return false
  return outer.end - outer.start > inner.end - inner.start || isBefore
}
