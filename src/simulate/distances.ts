import type { Place } from '../clouds/place.ts'
import { distance } from '../routing/distance.ts'

/** How far away contents were for those who asked for them. */
export interface Distances {
  /** Kilometres: half of the requests, and 95 % of them, went no farther. Absent where no distance is known. */
  readonly median?: number
  readonly p95?: number
  /** What a round trip over that distance takes, in milliseconds: an estimate. */
  readonly roundTripMedian?: number
  readonly roundTripP95?: number
  /** Requests of which the distance is not known. */
  readonly unknown: number
}

/**
 * Light in glass makes 200 km a millisecond, and cables are some half as long again as the great circle: 15 µs a
 * kilometre, there and back; and 2 ms for the last mile and the answer.
 */
export function estimatedRoundTrip(kilometres: number): number {
  return Math.round(2 + 0.015 * kilometres)
}

/** Gathers distances, each with how many requests went so far. */
export class DistanceTally {
  readonly #requests = new Map<number, number>()
  #unknown = 0

  add(client: Place | undefined, backend: Place, requests: number): void {
    const away = distance(client, backend)
    if (away === undefined) this.#unknown += requests
    else {
      const kilometres = Math.round(away)
      this.#requests.set(kilometres, (this.#requests.get(kilometres) ?? 0) + requests)
    }
  }

  get distances(): Distances {
    const unknown = this.#unknown
    const sorted = [...this.#requests].sort(([one], [other]) => one - other)
    if (sorted.length === 0) return { unknown }
    const total = sorted.reduce((sum, [, requests]) => sum + requests, 0)
    const at = (share: number) => {
      let seen = 0
      for (const [kilometres, requests] of sorted) {
        seen += requests
        if (seen >= share * total) return kilometres
      }
      return sorted.at(-1)![0]
    }
    const [median, p95] = [at(0.5), at(0.95)]
    return {
      median,
      p95,
      roundTripMedian: estimatedRoundTrip(median),
      roundTripP95: estimatedRoundTrip(p95),
      unknown,
    }
  }
}
