/** The largest distance of a time zone from UTC, and then some. */
const ZONE_MAX = 15 * 3_600_000
/** Zones differ by multiples of it. */
const QUARTER = 900_000

let begin = 0
let end = 0

/**
 * A moment that lies in the same month as this one in whichever time zone: so few that months can be told apart later, by
 * the zones of whoever pays. Around the end of a month they are a quarter of an hour long, else the rest of it.
 */
export function timeSlot(at: number): number {
  if (at < begin || at >= end) {
    const date = new Date(at)
    begin = Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
    end = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
  }
  if (at - begin < ZONE_MAX || end - at <= ZONE_MAX) return at - (at % QUARTER)
  return begin + ZONE_MAX
}
