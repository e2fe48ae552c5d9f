import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../../test/support/test-clock.ts'
import { finish, forEachInSteps, ITEMS_PER_STEP, inTurns, type Steps, sortInSteps } from './steps.ts'

const COUNT = 5 * ITEMS_PER_STEP + 1

/** How much of the work each step does, by a count that the work moves on. */
function workOfSteps(steps: Steps<unknown>, count: () => number): number[] {
  const done: number[] = []
  for (let before = count(); ; before = count()) {
    const isLast = steps.next().done
    done.push(count() - before)
    if (isLast) return done
  }
}

describe('a list in steps', () => {
  it('is handled whole and in order, so many items a step', () => {
    const handled: number[] = []
    const items = Array.from({ length: COUNT }, (_, index) => index)
    const work = workOfSteps(
      forEachInSteps(items, (item) => handled.push(item)),
      () => handled.length,
    )
    expect(handled).toEqual(items)
    expect(work).toEqual([...Array(5).fill(ITEMS_PER_STEP), 1])
  })
})

describe('sorting in steps', () => {
  it('gives what a stable sort at once gives', () => {
    const items = fc.array(fc.record({ key: fc.nat(50), is: fc.nat() }), { maxLength: 200 })
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 200 }), (some, times) => {
        const all = Array.from({ length: times }, () => some).flat()
        const byKey = (one: { key: number }, other: { key: number }) => one.key - other.key
        expect(finish(sortInSteps(all, byKey))).toEqual(all.toSorted(byKey))
      }),
      { numRuns: 30 },
    )
  })

  it('compares no more in one step than sorting one part takes', () => {
    let compared = 0
    const items = Array.from({ length: COUNT }, (_, index) => (index * 7919) % COUNT)
    const work = workOfSteps(
      sortInSteps(items, (one, other) => {
        compared++
        return one - other
      }),
      () => compared,
    )
    expect(Math.max(...work)).toBeLessThanOrEqual(ITEMS_PER_STEP * Math.log2(ITEMS_PER_STEP))
  })
})

describe('work in turns', () => {
  it('does one step a turn, and gives what comes of it', async () => {
    const clock = createTestClock()
    let steps = 0
    const work = inTurns(
      clock,
      forEachInSteps(Array(COUNT), () => steps++),
    )
    const seen = [steps]
    for (let turn = 0; turn < 5; turn++) {
      clock.advance(0)
      await Promise.resolve()
      await Promise.resolve()
      seen.push(steps)
    }
    await work
    expect(seen).toEqual([1, 2, 3, 4, 5].map((turn) => turn * ITEMS_PER_STEP).concat(COUNT))
  })

  it('rejects with what it throws', async () => {
    const failing = forEachInSteps([1], () => {
      throw new RangeError('no')
    })
    await expect(inTurns(createTestClock(), failing)).rejects.toThrow(new RangeError('no'))
  })
})
