import { expect, it } from 'vitest'
import { createTestClock } from '../../test/support/test-clock.ts'
import { SoleParty } from './sole-party.ts'

it('is alone after some time without anybody else, and at once where it was there first', () => {
  const clock = createTestClock()
  const sole = new SoleParty(1000, 1, clock)
  expect([sole.note(1), sole.note(2)]).toEqual([true, false])
  clock.advance(999)
  expect(sole.note(2)).toBe(false)
  clock.advance(1)
  expect(sole.note(2)).toBe(true)
  expect([sole.note(1), sole.note(2)]).toEqual([false, false])
})
