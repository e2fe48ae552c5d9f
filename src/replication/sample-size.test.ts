import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { badFewerThan, chanceOfNone, drawsToFind } from './sample-size.ts'

/** By counting: of all the ways to draw, those that hold no bad one. */
function ways(population: number, drawn: number): bigint {
  let product = 1n
  for (let turn = 0; turn < drawn; turn++) product = (product * BigInt(population - turn)) / BigInt(turn + 1)
  return product
}

const PARTS = fc.integer({ min: 1, max: 120 }).chain((population) =>
  fc.record({
    population: fc.constant(population),
    bad: fc.integer({ min: 0, max: population }),
    drawn: fc.integer({ min: 0, max: population }),
  }),
)

describe('a sample in which nothing is bad', () => {
  it('is as likely as the number of ways to draw one', () => {
    fc.assert(
      fc.property(PARTS, ({ population, bad, drawn }) => {
        const none = drawn > population - bad ? 0n : ways(population - bad, drawn)
        const expected = Number((none * 10n ** 15n) / ways(population, drawn)) / 1e15
        expect(chanceOfNone(population, bad, drawn)).toBeCloseTo(expected, 10)
      }),
    )
  })

  it('is as large as it must be, and no larger', () => {
    fc.assert(
      fc.property(PARTS, fc.constantFrom(0.5, 0.9, 0.95, 0.99), ({ population, bad }, confidence) => {
        fc.pre(bad > 0)
        const drawn = drawsToFind(population, bad, confidence)
        expect(chanceOfNone(population, bad, drawn)).toBeLessThanOrEqual(1 - confidence + 1e-9)
        if (drawn > 0) expect(chanceOfNone(population, bad, drawn - 1)).toBeGreaterThan(1 - confidence)
      }),
    )
  })

  it('says of how many bad ones there are fewer, and no more than is so', () => {
    fc.assert(
      fc.property(PARTS, fc.constantFrom(0.5, 0.9, 0.95, 0.99), ({ population, drawn }, confidence) => {
        const bad = badFewerThan(population, drawn, confidence)
        if (bad <= population) {
          expect(chanceOfNone(population, bad, drawn)).toBeLessThanOrEqual(1 - confidence + 1e-9)
        }
        if (bad > 0) expect(chanceOfNone(population, bad - 1, drawn)).toBeGreaterThan(1 - confidence)
      }),
    )
  })

  // 299 of very many is the well-known number for 95 % and 1 %; of fewer, fewer do.
  it.each([
    [1_000_000, 10_000, 0.95, 299],
    [10_000, 100, 0.95, 294],
    [311, 4, 0.95, 164],
    [100, 1, 0.95, 95],
    [100, 1, 0.99, 99],
    [1, 1, 0.95, 1],
    [0, 1, 0.95, 0],
  ])('of %i with %i bad ones, at %d: %i', (population, bad, confidence, drawn) => {
    expect(drawsToFind(population, bad, confidence)).toBe(drawn)
  })

  it.each([
    [1_000_000, 299, 9_968],
    [5_000, 100, 147],
    [100, 100, 1],
    [100, 0, 101],
  ])('of %i, %i of which were drawn, at 0.95: fewer than %i', (population, drawn, bad) => {
    expect(badFewerThan(population, drawn, 0.95)).toBe(bad)
  })
})
