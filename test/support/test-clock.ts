import type { Clock } from '../../src/runtime.ts'

/** A clock whose hands the test turns. */
export interface TestClock extends Clock {
  /** Moves on, calling back in order what falls due on the way. */
  advance(milliseconds: number): void
}

/** When the hands stand at 0. */
const EPOCH = Date.parse('2026-01-01T00:00:00Z')

export function createTestClock(): TestClock {
  let now = 0
  let timers: { at: number; callback: () => void }[] = []
  return {
    now: () => now,
    date: () => new Date(EPOCH + now),
    after(milliseconds, callback) {
      const timer = { at: now + milliseconds, callback }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance(milliseconds) {
      const end = now + milliseconds
      for (;;) {
        const due = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0]
        if (due === undefined) break
        timers = timers.filter((other) => other !== due)
        now = due.at
        due.callback()
      }
      now = end
    },
  }
}

/** The same clock, but to wait for nothing is to let others have a turn, which no hand has to be turned for. */
export function withTurns<Turned extends Clock>(clock: Turned): Turned {
  return {
    ...clock,
    after(milliseconds, callback) {
      if (milliseconds > 0) return clock.after(milliseconds, callback)
      const turn = setImmediate(callback)
      return () => clearImmediate(turn)
    },
  }
}
