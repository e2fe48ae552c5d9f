import { NEVER } from './times.ts'

const HOUR = 60 * 60_000
/** Counters of networks; two that share one have less between them. */
const NETWORKS = 256
/** What part of a store's budget one network may use up: a forger must leave something for others. */
const NETWORK_PART = 1 / 4

/** Bounds the bytes that are sent elsewhere in an hour, because each store's stand-in may cost money. */
export class MoveBudget {
  readonly #max: number
  readonly #networks = new Float64Array(NETWORKS)
  #since = NEVER
  #spent = 0

  /** `max` is in bytes an hour. */
  constructor(max: number) {
    this.#max = max
  }

  /** Bytes spent in the hour that `now` is in. */
  spent(now: number): number {
    return now - this.#since < HOUR ? this.#spent : 0
  }

  /** Spends so many bytes for a network, by its hash; false when there is not so much left for it. */
  spend(bytes: number, network: number, now: number): boolean {
    if (now - this.#since >= HOUR) {
      this.#since = now
      this.#spent = 0
      this.#networks.fill(0)
    }
    const slot = network & (NETWORKS - 1)
    const ofNetwork = this.#networks[slot]! + bytes
    if (this.#spent + bytes > this.#max || ofNetwork > this.#max * NETWORK_PART) return false
    this.#spent += bytes
    this.#networks[slot] = ofNetwork
    return true
  }
}
