import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Digest } from '../oci/digest.ts'
import { chooseSample } from './choose-sample.ts'
import type { ExpectedObject } from './content-keys.ts'

describe('a sample', () => {
  const objects = (count: number): ExpectedObject[] =>
    Array.from({ length: count }, (_, index) => ({
      key: `k${String((index * 7) % count).padStart(3, '0')}`,
      digest: 'sha256:x' as Digest,
      size: (index * 7) % count,
    }))

  it('holds the smallest and the largest, is as large as it should be, and holds nothing twice', () => {
    const shape = fc.record({
      count: fc.integer({ min: 2, max: 100 }),
      wanted: fc.integer({ min: 2, max: 120 }),
      draws: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1 }),
    })
    fc.assert(
      fc.property(shape, ({ count, wanted, draws }) => {
        let turn = 0
        const all = objects(count)
        const sample = chooseSample(all, { count: wanted }, { random: () => draws[turn++ % draws.length]! })
        expect(new Set(sample).size).toBe(Math.min(count, wanted))
        const sizes = sample.map(({ size }) => size!)
        expect([sizes[0], sizes.at(-1)]).toEqual([
          Math.min(...all.map(({ size }) => size!)),
          Math.max(...all.map(({ size }) => size!)),
        ])
      }),
    )
  })

  it.each([
    [{ share: 0 }, 0],
    [{ share: 0.01 }, 2],
    [{ share: 0.5 }, 50],
    [{ share: 1 }, 100],
    ['full' as const, 100],
    [{ count: 0 }, 0],
    [{ count: 1 }, 2],
  ])('of %j has %i of 100', (size, expected) => {
    expect(chooseSample(objects(100), size, { random: () => 0.5 })).toHaveLength(expected)
  })
})
