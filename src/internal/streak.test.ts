import { expect, it } from 'vitest'
import { createTestClock } from '../../test/support/test-clock.ts'
import { Streak } from './streak.ts'

it('is alone after some time without anybody else, and at once where it was there first', () => {
  const clock = createTestClock()
  const streak = new Streak(1000, 1, clock)
  expect([streak.isAlone(1), streak.isAlone(2)]).toEqual([true, false])
  clock.advance(999)
  expect(streak.isAlone(2)).toBe(false)
  clock.advance(1)
  expect(streak.isAlone(2)).toBe(true)
  expect([streak.isAlone(1), streak.isAlone(2)]).toEqual([false, false])
})
