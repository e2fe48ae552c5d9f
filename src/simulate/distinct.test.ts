import fc from 'fast-check'
import { expect, it } from 'vitest'
import { hashText } from '../internal/text-hash.ts'
import { Distinct, sumOf } from './distinct.ts'

const hashes = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => hashText(`sha256:${from + index}`))

function setOf(things: readonly number[], max: number): Distinct {
  const set = new Distinct(max)
  for (const thing of things) set.add(thing, 10)
  return set
}

it('counts exactly while they are few', () => {
  const things = hashes(1000)
  expect(sumOf(setOf([...things, ...things], 1000).state)).toEqual({
    count: 1000,
    weight: 10_000,
    estimated: false,
  })
})

it('counts more than are kept within a few percent', () => {
  const { count, weight, estimated } = sumOf(setOf(hashes(200_000), 4096).state)
  expect(estimated).toBe(true)
  expect(Math.abs(count - 200_000)).toBeLessThan(8000)
  expect(weight).toBe(10 * count)
})

it('is the same, however things were parted and in whichever order they came', () => {
  const things = hashes(5000)
  const whole = setOf(things, 512).state
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 10, maxLength: 50 }), (owners) => {
      const parts = [0, 1, 2, 3].map(() => new Distinct(512))
      for (const [index, thing] of things.toReversed().entries())
        parts[owners[index % owners.length]!]!.add(thing, 10)
      const merged = new Distinct(512)
      for (const part of parts) merged.merge(part.state)
      expect(merged.state.level).toBe(whole.level)
      expect([...merged.state.kept].sort()).toEqual([...whole.kept].sort())
    }),
    { numRuns: 20 },
  )
})

it('goes by the heaviest of what comes more than once', () => {
  const set = new Distinct()
  for (const weight of [3, 9, 1]) set.add(42, weight)
  expect(sumOf(set.state).weight).toBe(9)
})
