import type { Address } from '../../net/address.ts'
import { networkKey } from './cohort.ts'
import type { Tally } from './failure-count.ts'

/** In milliseconds. */
const MINUTE = 60_000
/** More clients of a minute say nothing more. */
const CLIENTS_MAX = 20_000

const AGAIN: Tally = { asked: 0, failed: 0 }

/**
 * Tells the first request of a client in a minute from the others, and the first that fails, so that nobody counts for many.
 * A client is a network, and is forgotten with its minute.
 */
export class ClientSample {
  #minute = -1
  readonly #seen = new Map<number, boolean>()

  /** What a request adds to the count, at a moment in milliseconds: whose address is not known adds nothing. */
  note(address: Address | undefined, failed: boolean, now: number): Tally {
    const minute = Math.floor(now / MINUTE)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#seen.clear()
    }
    if (address === undefined) return AGAIN
    const key = networkKey(address)
    const before = this.#seen.get(key)
    if (before === undefined && this.#seen.size >= CLIENTS_MAX) return AGAIN
    if (before === true || before === failed) return AGAIN
    this.#seen.set(key, failed)
    return { asked: before === undefined ? 1 : 0, failed: failed ? 1 : 0 }
  }
}
