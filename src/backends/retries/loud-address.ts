import { NEVER } from './times.ts'

/** What is looked at together: at least so long, in milliseconds, and so many requests of so many addresses. */
const SLICE = 10 * 60_000
const MIN_REQUESTS = 1000
const MIN_ADDRESSES = 20
/** One address with more than this share of the requests, twice in a row, is no client but hides many. */
const MAX_SHARE = 0.2
/** Addresses that share a counter are taken for one; of so many counters, none gets a fifth by that. */
const COUNTERS = 4096

/** Notices the one address that most requests seem to come from, as a load balancer's do that hides its clients. */
export class LoudAddress {
  readonly #counts = new Uint32Array(COUNTERS)
  #since = NEVER
  #requests = 0
  #addresses = 0
  #loudest = 0
  /** The counter that was over the limit in the slice before. */
  #suspect = -1
  #muted = -1
  /** The share of all requests that the muted address had, from 0 up to 1; `undefined` when none is muted. */
  share: number | undefined

  /** Takes note of a request by its address's hash; true when the address is not to be gone by. */
  note(hash: number, now: number): boolean {
    if (now - this.#since >= SLICE) this.#turn(now)
    const counter = hash & (COUNTERS - 1)
    const count = this.#counts[counter]! + 1
    this.#counts[counter] = count
    this.#requests++
    if (count === 1) this.#addresses++
    if (count > this.#counts[this.#loudest]!) this.#loudest = counter
    return counter === this.#muted
  }

  #turn(now: number): void {
    // A door with little to do looks at more than ten minutes.
    if (this.#since > NEVER && this.#requests < MIN_REQUESTS) return
    const share = this.#requests === 0 ? 0 : this.#counts[this.#loudest]! / this.#requests
    const suspect = share > MAX_SHARE && this.#addresses >= MIN_ADDRESSES ? this.#loudest : -1
    this.#muted = suspect === this.#suspect ? suspect : -1
    this.share = this.#muted < 0 ? undefined : share
    this.#suspect = suspect
    this.#since = now
    this.#requests = 0
    this.#addresses = 0
    this.#loudest = 0
    this.#counts.fill(0)
  }
}
