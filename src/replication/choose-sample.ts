import type { Runtime } from '../runtime.ts'
import type { ExpectedObject } from './content-keys.ts'
import { type Assurance, badFewerThan, drawsToFind, type SampleSize } from './sample-size.ts'

/** Chosen whatever chance says: the smallest and the largest object. */
const ENDS = 2
const CONFIDENCE = 0.95

/** Chooses objects at random, the smallest and the largest always among them; in the order of their sizes. */
export function chooseSample<T extends ExpectedObject>(
  objects: readonly T[],
  size: SampleSize,
  { random }: Pick<Runtime, 'random'>,
): T[] {
  const sorted = objects.toSorted((a, b) => (a.size ?? 0) - (b.size ?? 0) || (a.key < b.key ? -1 : 1))
  const count = countOf(sorted.length, size)
  if (count >= sorted.length) return sorted
  if (count < 1) return []
  // The two ends first, then a shuffle of the rest that stops when enough is drawn.
  const order = [...sorted.keys()]
  const swap = (a: number, b: number) => {
    ;[order[a], order[b]] = [order[b]!, order[a]!]
  }
  swap(1, order.length - 1)
  for (let at = ENDS; at < count; at++) swap(at, at + Math.floor(random() * (order.length - at)))
  return order
    .slice(0, Math.max(ENDS, count))
    .sort((a, b) => a - b)
    .map((index) => sorted[index]!)
}

function countOf(population: number, size: SampleSize): number {
  if (size === 'full') return population
  if ('count' in size) return size.count
  if ('share' in size) return Math.ceil(size.share * population)
  const bad = Math.max(1, Math.ceil(size.below * population))
  // What was not drawn by chance says nothing of the rest.
  return ENDS + drawsToFind(Math.max(0, population - ENDS), bad, size.confidence)
}

/** What a sample in which nothing is bad says of all; `undefined` of all itself, and of too little to say anything. */
export function assuranceOf(population: number, sampled: number, size: SampleSize): Assurance | undefined {
  if (sampled >= population || sampled <= ENDS) return undefined
  const confidence = size !== 'full' && 'confidence' in size ? size.confidence : CONFIDENCE
  const fewerThan = badFewerThan(population - ENDS, sampled - ENDS, confidence)
  return fewerThan > population - ENDS ? undefined : { confidence, fewerThan, of: population }
}
