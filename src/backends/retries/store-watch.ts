import { NEVER } from './times.ts'
import type { WatchedClient } from './watched-client.ts'

/** What is looked at together, in milliseconds. */
const SLICE = 10 * 60_000
/** Counters of networks, one bit each: two that share one are taken for one. */
const NETWORKS = 256
/** The share of clients that come back to a store of which nothing is known yet. */
const USUAL = 0.02
/** What each slice adds to a store's usual share, and how many clients a slice must have to say anything. */
const WEIGHT = 0.1
const MIN_CLIENTS = 20
/** Above chance: so many standard deviations, and so many clients. */
const DEVIATIONS = 4
const MIN_EXCESS = 4
/** From so many networks on, the excess is more than one operator's trouble or forgery. */
const MIN_NETWORKS = 5

/** How many clients come back to a store, beside what is usual for it. */
export interface RetryCounts {
  /** Clients of the last ten minutes or so, and those of them that came back for a third try. */
  readonly clients: number
  readonly cameBack: number
  /** The store's own long-run share of clients that come back, from 0 up to 1. */
  readonly usual: number
  /** Networks that those who came back are in: /16 of IPv4, /32 of IPv6. */
  readonly networks: number
}

/** A store to which more clients come back than usual. */
export interface RetryOutlier extends RetryCounts {
  /** Clients alone eject no store: until they come from several networks, a failed check of our own must join. */
  readonly needsCheck: boolean
}

/** Counts who comes back to one store, beside what is usual for it. */
export class StoreWatch {
  readonly #networks = new Uint8Array(NETWORKS)
  #slice = 0
  #since = NEVER
  #clients = 0
  #cameBack = 0
  #networkCount = 0
  #usual = USUAL

  /** Takes note of a client's request. */
  note(client: WatchedClient, now: number): void {
    if (now - this.#since >= SLICE) this.#turn(now)
    if (client.slice === this.#slice) return
    client.slice = this.#slice
    this.#clients++
  }

  /** Takes note of a third try; the network is given by its hash. */
  noteThird(client: WatchedClient, network: number): void {
    if (client.sliceAgain === this.#slice) return
    client.sliceAgain = this.#slice
    // Who always comes back, wherever it is sent, says nothing about a store.
    if (client.allowance.isHabitual) return
    this.#cameBack++
    const slot = network & (NETWORKS - 1)
    if (this.#networks[slot] === 1) return
    this.#networks[slot] = 1
    this.#networkCount++
  }

  /** What stands out by now; `undefined` when nothing does. */
  outlier(now: number): RetryOutlier | undefined {
    const counts = this.counts(now)
    if (!this.#standsOut) return undefined
    return { ...counts, needsCheck: this.#networkCount < MIN_NETWORKS }
  }

  counts(now: number): RetryCounts {
    if (now - this.#since >= SLICE) this.#turn(now)
    return {
      clients: this.#clients,
      cameBack: this.#cameBack,
      usual: this.#usual,
      networks: this.#networkCount,
    }
  }

  get #standsOut(): boolean {
    const expected = this.#usual * this.#clients
    return this.#cameBack >= expected + DEVIATIONS * Math.sqrt(expected) + MIN_EXCESS
  }

  #turn(now: number): void {
    // A store that fails must not become used to it.
    if (this.#clients >= MIN_CLIENTS && !this.#standsOut) {
      this.#usual += WEIGHT * (this.#cameBack / this.#clients - this.#usual)
    }
    this.#slice++
    this.#since = now
    this.#clients = 0
    this.#cameBack = 0
    this.#networkCount = 0
    this.#networks.fill(0)
  }
}
