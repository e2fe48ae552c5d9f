import type { KeyHash } from './key-hash.ts'
import type { Slot } from './slot.ts'
import { FORGET } from './times.ts'
import { NEW_CLIENT, WatchedClient } from './watched-client.ts'

/** Places that a key may lie in. */
const WAYS = 4
const STRIDE = NEW_CLIENT.length

/** The clients seen lately: of the few that share a bucket, a new one takes the place of the one quiet for longest. */
export class WatchedClients {
  readonly #slot: Slot
  /** Of the slot found last. */
  readonly #client: WatchedClient
  /** Half of each one's key, beside it so that the others of a bucket need not be read. */
  readonly #keys: Int32Array
  readonly #mask: number

  /** Holds so many; a power of two. */
  constructor(capacity: number) {
    this.#slot = { cells: new Int32Array(capacity * STRIDE), at: 0 }
    this.#client = new WatchedClient(this.#slot)
    this.#keys = new Int32Array(capacity)
    this.#mask = capacity / WAYS - 1
    const { cells } = this.#slot
    cells.set(NEW_CLIENT)
    // Each copy doubles what is filled.
    for (let filled = STRIDE; filled < cells.length; filled *= 2) cells.copyWithin(filled, 0, filled)
  }

  /** The client with this key, a new one when it is not known; it is good until the next one is looked for. */
  find({ low, high }: KeyHash, now: number): WatchedClient {
    const first = (high & this.#mask) * WAYS
    const slot = this.#slot
    const client = this.#client
    for (let place = first; place < first + WAYS; place++) {
      if (this.#keys[place] !== low) continue
      slot.at = place * STRIDE
      if (now - client.lastAt <= FORGET) return client
    }
    const free = this.#quietest(first)
    this.#keys[free] = low
    slot.at = free * STRIDE
    slot.cells.set(NEW_CLIENT, slot.at)
    return client
  }

  #quietest(first: number): number {
    let quietest = first
    for (let place = first + 1; place < first + WAYS; place++) {
      if (this.#lastAt(place) < this.#lastAt(quietest)) quietest = place
    }
    return quietest
  }

  #lastAt(place: number): number {
    this.#slot.at = place * STRIDE
    return this.#client.lastAt
  }
}
