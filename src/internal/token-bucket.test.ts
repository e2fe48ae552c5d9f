import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createTestClock } from '../../test/support/test-clock.ts'
import { TokenBucket } from './token-bucket.ts'

const takeAll = (bucket: TokenBucket) => {
  let taken = 0
  while (bucket.take()) taken++
  return taken
}

it('tokens come back with time, up to as many as there were at first', () => {
  const clock = createTestClock()
  const bucket = new TokenBucket({ start: 4, perSecond: 2, most: 8 }, clock)
  expect(takeAll(bucket)).toBe(4)
  clock.advance(499)
  expect(bucket.take()).toBe(false)
  clock.advance(1)
  expect(takeAll(bucket)).toBe(1)
  clock.advance(60_000)
  expect(takeAll(bucket)).toBe(4)
})

it('a bucket grows by what is given back beyond what was taken, up to its bound, and keeps that', () => {
  const clock = createTestClock()
  const bucket = new TokenBucket({ start: 4, perSecond: 2, most: 8 }, clock)
  bucket.giveBack(3)
  clock.advance(60_000)
  expect(takeAll(bucket)).toBe(7)
  bucket.giveBack(100)
  expect(takeAll(bucket)).toBe(8)
})

it('no more are used up in any time than there were at first and what that time brings', () => {
  const steps = fc.array(fc.record({ pause: fc.nat(500), used: fc.boolean() }), { maxLength: 200 })
  fc.assert(
    fc.property(steps, (all) => {
      const clock = createTestClock()
      const bucket = new TokenBucket({ start: 5, perSecond: 10 }, clock)
      let usedUp = 0
      for (const { pause, used } of all) {
        clock.advance(pause)
        if (!bucket.take()) continue
        if (used) usedUp++
        else bucket.giveBack(1)
        expect(usedUp).toBeLessThanOrEqual(5 + clock.now() / 100 + 1e-6)
      }
    }),
  )
})

it('tokens are borrowed at once as long as there are some, and then one at each interval', () => {
  const clock = createTestClock()
  const bucket = new TokenBucket({ start: 2, perSecond: 2 }, clock)
  expect([1, 2, 3, 4].map(() => bucket.borrow())).toEqual([0, 0, 500, 1000])
  clock.advance(10_000)
  expect([1, 2, 3].map(() => bucket.borrow())).toEqual([0, 0, 500])
})

it('no more are borrowed for any time than there were at first and what that time brings', () => {
  const pauses = fc.array(fc.nat(2000), { minLength: 1, maxLength: 100 })
  fc.assert(
    fc.property(fc.double({ min: 0.1, max: 50, noNaN: true }), pauses, (perSecond, before) => {
      const burst = Math.max(1, Math.floor(perSecond))
      const clock = createTestClock()
      const bucket = new TokenBucket({ start: burst, perSecond }, clock)
      const times = before.map((pause) => {
        clock.advance(pause)
        return clock.now() + bucket.borrow()
      })
      for (const [index, start] of times.entries()) {
        for (const [count, end] of times.slice(index).entries()) {
          expect(count + 1).toBeLessThanOrEqual(burst + ((end - start) / 1000) * perSecond + 1e-6)
        }
      }
    }),
  )
})
