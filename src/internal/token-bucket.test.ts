import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createTestClock } from '../../test/support/test-clock.ts'
import { TokenBucket } from './token-bucket.ts'

it('lets a second of tokens go at once, and then one at each interval', () => {
  const clock = createTestClock()
  const bucket = new TokenBucket(2, clock)
  expect([1, 2, 3, 4].map(() => bucket.take())).toEqual([0, 0, 500, 1000])
  clock.advance(10_000)
  expect([1, 2, 3].map(() => bucket.take())).toEqual([0, 0, 500])
})

it('never lets more go in any time than the rate and one burst', () => {
  const pauses = fc.array(fc.nat(2000), { minLength: 1, maxLength: 100 })
  fc.assert(
    fc.property(fc.double({ min: 0.1, max: 50, noNaN: true }), pauses, (perSecond, before) => {
      const clock = createTestClock()
      const bucket = new TokenBucket(perSecond, clock)
      const times = before.map((pause) => {
        clock.advance(pause)
        return clock.now() + bucket.take()
      })
      const burst = Math.max(1, Math.floor(perSecond))
      for (const [index, start] of times.entries()) {
        for (const [count, end] of times.slice(index).entries()) {
          expect(count + 1).toBeLessThanOrEqual(burst + ((end - start) / 1000) * perSecond + 1e-6)
        }
      }
    }),
  )
})
