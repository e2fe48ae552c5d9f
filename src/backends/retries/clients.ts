import { Client } from './client.ts'
import type { KeyHash } from './key-hash.ts'
import { FORGET, NEVER } from './times.ts'

/** Places that a key may lie in. */
const WAYS = 4

/** The clients seen lately: of the few that share a bucket, a new one takes the place of the one quiet for longest. */
export class Clients {
  readonly #clients: (Client | undefined)[]
  /** Half of each one's key, beside it so that the others of a bucket need not be read. */
  readonly #keys: Int32Array
  readonly #mask: number

  /** Holds so many; a power of two. */
  constructor(capacity: number) {
    this.#clients = new Array<Client | undefined>(capacity).fill(undefined)
    this.#keys = new Int32Array(capacity)
    this.#mask = capacity / WAYS - 1
  }

  find({ low, high }: KeyHash, now: number): Client {
    const first = (high & this.#mask) * WAYS
    for (let at = first; at < first + WAYS; at++) {
      if (this.#keys[at] !== low) continue
      const client = this.#clients[at]
      if (client !== undefined && now - client.lastAt <= FORGET) return client
    }
    const free = this.#quietest(first)
    const client = new Client()
    this.#keys[free] = low
    this.#clients[free] = client
    return client
  }

  #quietest(first: number): number {
    let quietest = first
    for (let at = first + 1; at < first + WAYS; at++) {
      if (this.#quietSince(at) < this.#quietSince(quietest)) quietest = at
    }
    return quietest
  }

  #quietSince(at: number): number {
    return this.#clients[at]?.lastAt ?? NEVER
  }
}
