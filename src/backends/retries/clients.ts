import { Client } from './client.ts'
import type { KeyHash } from './key-hash.ts'
import { FORGET, NEVER } from './times.ts'

/** Clients that a key may lie among. */
const WAYS = 4

/** The clients seen lately: of the few that share a bucket, a new one takes the place of the one quiet for longest. */
export class Clients {
  readonly #clients: (Client | undefined)[]
  readonly #mask: number

  /** Holds so many; a power of two. */
  constructor(capacity: number) {
    this.#clients = new Array<Client | undefined>(capacity).fill(undefined)
    this.#mask = capacity / WAYS - 1
  }

  find({ low, high }: KeyHash, now: number): Client {
    const clients = this.#clients
    const first = (high & this.#mask) * WAYS
    let free = first
    for (let at = first; at < first + WAYS; at++) {
      const client = clients[at]
      if (client?.key === low) {
        if (now - client.lastAt <= FORGET) return client
        free = at
        break
      }
      if (quietSince(client) < quietSince(clients[free])) free = at
    }
    const client = new Client(low)
    clients[free] = client
    return client
  }
}

function quietSince(client: Client | undefined): number {
  return client === undefined ? NEVER : client.lastAt
}
