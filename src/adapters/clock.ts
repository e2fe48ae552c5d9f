import type { Clock } from '../runtime.ts'

/** The runtime's own clock; every runtime that we run on has these functions. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds)
    return () => clearTimeout(timer)
  },
}
