import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createTestClock } from '../../test/support/test-clock.ts'
import { Allowance } from './allowance.ts'

const takeAll = (allowance: Allowance) => {
  let taken = 0
  while (allowance.take()) taken++
  return taken
}

it('comes back with time, up to what there was at first', () => {
  const clock = createTestClock()
  const allowance = new Allowance({ start: 4, perSecond: 2, most: 8 }, clock)
  expect(takeAll(allowance)).toBe(4)
  clock.advance(499)
  expect(allowance.take()).toBe(false)
  clock.advance(1)
  expect(takeAll(allowance)).toBe(1)
  clock.advance(60_000)
  expect(takeAll(allowance)).toBe(4)
})

it('grows by what is given back beyond what was taken, up to its bound, and keeps that', () => {
  const clock = createTestClock()
  const allowance = new Allowance({ start: 4, perSecond: 2, most: 8 }, clock)
  allowance.giveBack(3)
  clock.advance(60_000)
  expect(takeAll(allowance)).toBe(7)
  allowance.giveBack(100)
  expect(takeAll(allowance)).toBe(8)
})

it('lets no more be used up in any time than there was at first and what that time brings', () => {
  const steps = fc.array(fc.record({ pause: fc.nat(500), used: fc.boolean() }), { maxLength: 200 })
  fc.assert(
    fc.property(steps, (all) => {
      const clock = createTestClock()
      const allowance = new Allowance({ start: 5, perSecond: 10, most: 5 }, clock)
      let usedUp = 0
      for (const { pause, used } of all) {
        clock.advance(pause)
        if (!allowance.take()) continue
        if (used) usedUp++
        else allowance.giveBack(1)
        expect(usedUp).toBeLessThanOrEqual(5 + clock.now() / 100 + 1e-6)
      }
    }),
  )
})
