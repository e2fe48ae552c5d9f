import type { Runtime } from '../runtime.ts'
import { wait } from './backoff.ts'

/** Long work in short steps: it yields between two of them, and returns what comes of it. */
export type Steps<T> = Generator<undefined, T>

/** How many items of a list one step may handle: a millisecond or two of work. */
export const ITEMS_PER_STEP = 4096

/** Does all the work at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** Does the work one step in each turn of the event loop, so that others go on meanwhile. Rejects with what it throws. */
export async function inTurns<T>(runtime: Pick<Runtime, 'after'>, steps: Steps<T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    await wait(runtime, 0)
  }
}

/** The items of a list, in steps: `yield*` of it handles each. */
export function* forEachInSteps<T>(items: Iterable<T>, handle: (item: T) => void): Steps<void> {
  let count = 0
  for (const item of items) {
    handle(item)
    if (++count % ITEMS_PER_STEP === 0) yield
  }
}

/** A sorted copy; items that compare as equal keep their order. */
export function* sortInSteps<T>(items: readonly T[], compare: (one: T, other: T) => number): Steps<T[]> {
  let runs: T[][] = []
  for (let start = 0; start < items.length; start += ITEMS_PER_STEP) {
    runs.push(items.slice(start, start + ITEMS_PER_STEP).sort(compare))
    yield
  }
  while (runs.length > 1) {
    const merged: T[][] = []
    for (let index = 0; index < runs.length; index += 2) {
      const [one, other] = [runs[index]!, runs[index + 1]]
      merged.push(other === undefined ? one : yield* merge(one, other, compare))
    }
    runs = merged
  }
  return runs[0] ?? []
}

function* merge<T>(
  one: readonly T[],
  other: readonly T[],
  compare: (one: T, other: T) => number,
): Steps<T[]> {
  const merged: T[] = []
  for (let left = 0, right = 0; merged.length < one.length + other.length; ) {
    const isLeft = right === other.length || (left < one.length && compare(one[left]!, other[right]!) <= 0)
    merged.push(isLeft ? one[left++]! : other[right++]!)
    if (merged.length % ITEMS_PER_STEP === 0) yield
  }
  return merged
}
