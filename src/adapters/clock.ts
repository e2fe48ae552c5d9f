import type { Clock } from '../internal/clock.ts'

/** The runtime's own clock; every runtime that we run on has these two functions. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds)
    return () => clearTimeout(timer)
  },
}
