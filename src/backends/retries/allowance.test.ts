import { expect, it } from 'vitest'
import { Allowance, NEW_ALLOWANCE } from './allowance.ts'
import { slotOf } from './slot.ts'

const MINUTE = 60_000

/** How many of so many requests, one every so many milliseconds, are sent elsewhere. */
function moved(
  requests: number,
  interval: number,
  isShared: boolean,
  from = 0,
  allowance = new Allowance(slotOf(NEW_ALLOWANCE), 0),
): number {
  let count = 0
  for (let n = 0; n < requests; n++) {
    const now = from + n * interval
    allowance.note(now, isShared)
    if (!allowance.mayMove(now, isShared)) continue
    allowance.spend()
    count++
  }
  return count
}

it.each([
  ['one client, ten images', 200, true, 200],
  ['one client, for ever', 1000, true, 256],
  ['many at one address', 1000, false, 16],
])('lets %s move within a window', (_, requests, isAlone, expected) => {
  expect(moved(requests, 10, !isAlone)).toBe(expected)
})

it('lets one client move anew after the window', () => {
  const allowance = new Allowance(slotOf(NEW_ALLOWANCE), 0)
  expect(moved(200, 10, false, 0, allowance)).toBe(200)
  expect(moved(200, 10, false, 13 * MINUTE, allowance)).toBe(200)
  expect(allowance.isHabitual).toBe(false)
})

it('pauses longer each time that moving has not helped', () => {
  const perDay = 24 * 60
  const allowance = new Allowance(slotOf(NEW_ALLOWANCE), 0)
  const first = moved(perDay, MINUTE, true, 0, allowance)
  expect(first).toBeLessThanOrEqual(64)
  expect(allowance.isHabitual).toBe(true)
  expect(moved(perDay, MINUTE, true, perDay * MINUTE, allowance)).toBeLessThanOrEqual(first / 2)
})

it('lets a fiftieth of many requests move at most', () => {
  expect(moved(100_000, 1000, true)).toBeLessThanOrEqual(2000)
})
