import type { Clock } from '../runtime.ts'

/** How far the two hands of a clock may come apart before the wall clock is right and we are not, in milliseconds. */
const TOLERANCE = 1000

/**
 * Tells what a clock on the wall said, in ISO 8601, at a moment of `clock.now()`. The same moment keeps its time whenever it is
 * asked for, unless the machine's date was set.
 */
export function createWallClock(clock: Clock): (moment: number) => string {
  let epoch = epochOf(clock)
  return (moment) => {
    const now = epochOf(clock)
    if (Math.abs(now - epoch) > TOLERANCE) epoch = now
    return new Date(epoch + moment).toISOString()
  }
}

function epochOf(clock: Clock): number {
  return clock.date().getTime() - clock.now()
}
