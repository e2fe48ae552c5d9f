import type { Place } from '../../clouds/place.ts'
import { monthAt, type Period } from '../../internal/time-zone.ts'
import { Account, type Bill, type Flow } from '../../prices/cost.ts'
import type { PriceTable } from '../../prices/price-table.ts'
import type { Backend } from '../backend.ts'

/** Traffic of a backend for one place; `somewhere` where none is known. */
export interface TrafficRecord {
  readonly backend: string
  readonly place: Place | 'somewhere'
  readonly bytes: number
  readonly gets: number
  readonly heads: number
}

/** The traffic of one month of a provider, as it is kept over restarts. */
export interface BilledRecord {
  readonly month: string
  readonly traffic: readonly TrafficRecord[]
}

/** Traffic that is added to, and as much of it as is in the bill already. */
interface Tally {
  readonly backend: string
  readonly place: Place | 'somewhere'
  readonly flow: Flow | undefined
  readonly now: Counts
  readonly billed: Counts
  isWaiting: boolean
}

interface Counts {
  bytes: number
  gets: number
  heads: number
}

/** What one account of a provider is asked for in one of its months, and what that costs. */
export class BilledMonth {
  readonly #period: Period
  readonly #places: ReadonlyMap<string, Place>
  /** Absent where bytes are what is paid in. */
  readonly #account: Account | undefined
  /** By backend, and in it by the name of the place. */
  readonly #tallies = new Map<string, Map<string, Tally>>()
  #waiting: Tally[] = []
  #bytes = 0
  #charged = 0n
  #unpriced: Bill['unknown'] = { bytes: 0n, requests: 0n }

  /** The month of a moment, in milliseconds since 1970, as `timezone` has it. */
  constructor(backends: readonly Backend[], table: PriceTable | undefined, timezone: string, now: number) {
    this.#period = monthAt(now, timezone)
    this.#places = new Map(backends.map(({ id, place }) => [id, place]))
    this.#account = table && new Account(table)
  }

  /** When it ends, in milliseconds since 1970. */
  get until(): number {
    return this.#period.until
  }

  /** What has no price, and is not charged. */
  get unpriced(): Bill['unknown'] {
    return this.#unpriced
  }

  /** Counts requests of clients in one place; nothing of a backend that is none of these. */
  note({ backend, place, bytes, gets, heads }: TrafficRecord): void {
    if (!this.#places.has(backend)) return
    const tally = this.#tally(backend, place)
    tally.now.bytes += bytes
    tally.now.gets += gets
    tally.now.heads += heads
    if (tally.isWaiting) return
    tally.isWaiting = true
    this.#waiting.push(tally)
  }

  /**
   * What all that was counted costs beyond what was charged before, in millionths, or else its bytes. An allowance that
   * goes to another region may make a bill smaller; nobody pays that back before the month ends.
   */
  charge(): bigint {
    this.#bill()
    const bill = this.#account?.bill()
    if (bill !== undefined) this.#unpriced = bill.unknown
    const total = bill?.total ?? BigInt(this.#bytes)
    const charge = total - this.#charged
    if (charge <= 0n) return 0n
    this.#charged = total
    return charge
  }

  get record(): BilledRecord {
    const traffic = [...this.#tallies.values()].flatMap((places) =>
      [...places.values()].map(({ backend, place, billed }) => ({
        backend,
        place: withoutPosition(place),
        ...billed,
      })),
    )
    return { month: this.#period.name, traffic }
  }

  /** Takes in what was charged before, where it is of this month. */
  restore({ month, traffic }: BilledRecord): void {
    if (month !== this.#period.name) return
    for (const each of traffic) this.note(each)
    this.charge()
  }

  #tally(backend: string, place: Place | 'somewhere'): Tally {
    let places = this.#tallies.get(backend)
    if (places === undefined) {
      places = new Map()
      this.#tallies.set(backend, places)
    }
    // By name: a place is another object whenever ranges are loaded anew.
    const name = place === 'somewhere' ? place : place.name
    let tally = places.get(name)
    if (tally === undefined) {
      const flow = this.#account?.flow({ backend, from: this.#places.get(backend)!, to: place })
      tally = { backend, place, flow, now: noCounts(), billed: noCounts(), isWaiting: false }
      places.set(name, tally)
    }
    return tally
  }

  #bill(): void {
    for (const tally of this.#waiting) {
      const { now, billed, flow } = tally
      this.#bytes += now.bytes - billed.bytes
      flow?.add({
        bytes: BigInt(now.bytes - billed.bytes),
        gets: BigInt(now.gets - billed.gets),
        heads: BigInt(now.heads - billed.heads),
      })
      Object.assign(billed, now)
      tally.isWaiting = false
    }
    this.#waiting = []
  }
}

function noCounts(): Counts {
  return { bytes: 0, gets: 0, heads: 0 }
}

/** Where it lies does not matter for what it costs. */
function withoutPosition(place: Place | 'somewhere'): Place | 'somewhere' {
  if (place === 'somewhere') return place
  const { coordinates: _, ...rest } = place
  return rest
}
