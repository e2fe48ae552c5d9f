import { expect, test } from 'vitest'
import { createWallClock } from './wall-clock.ts'

/** A clock whose two hands are set by hand. */
function handClock() {
  const hands = { now: 0, date: Date.parse('2026-01-01T00:00:00Z') }
  return { hands, clock: { now: () => hands.now, date: () => new Date(hands.date), after: () => () => {} } }
}

test('a moment keeps its time although a date has no fractions of a millisecond', () => {
  const { hands, clock } = handClock()
  const timeOf = createWallClock(clock)
  expect(timeOf(0.4)).toBe('2026-01-01T00:00:00.000Z')
  hands.now = 1000.9
  hands.date += 1000
  expect(timeOf(0.4)).toBe('2026-01-01T00:00:00.000Z')
  expect(timeOf(1000)).toBe('2026-01-01T00:00:01.000Z')
})

test('a date that was set is followed', () => {
  const { hands, clock } = handClock()
  const timeOf = createWallClock(clock)
  hands.date += 3_600_000
  expect(timeOf(0)).toBe('2026-01-01T01:00:00.000Z')
})
