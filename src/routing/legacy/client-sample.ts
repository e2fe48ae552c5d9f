import type { Address } from '../../net/address.ts'
import { networkKey } from './cohort.ts'
import type { Tally } from './failure-count.ts'

/** In milliseconds. */
const MINUTE = 60_000
/** More clients of a minute, in all phases together, say nothing more. */
const CLIENTS_MAX = 20_000

const AGAIN: Tally = { asked: 0, failed: 0 }

/**
 * Tells the first request of a client in a minute from the others, and the first that fails, so that nobody counts for many.
 * A client is a network, in each phase by itself, since it may be in one with one image and in another with the next; it is
 * forgotten with its minute.
 */
export class ClientSample {
  #minute = -1
  #size = 0
  /** By phase and network: whether it has failed. */
  readonly #seen = new Map<string, Map<number, boolean>>()

  /** What a request in a phase adds to its count, at a moment in milliseconds: whose address is not known adds nothing. */
  note(phase: string, address: Address | undefined, failed: boolean, now: number): Tally {
    const minute = Math.floor(now / MINUTE)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#size = 0
      this.#seen.clear()
    }
    if (address === undefined) return AGAIN
    const key = networkKey(address)
    const seen = this.#seen.get(phase) ?? new Map<number, boolean>()
    const before = seen.get(key)
    if (before === undefined && this.#size >= CLIENTS_MAX) return AGAIN
    if (before === true || before === failed) return AGAIN
    if (before === undefined) this.#size++
    seen.set(key, failed)
    this.#seen.set(phase, seen)
    return { asked: before === undefined ? 1 : 0, failed: failed ? 1 : 0 }
  }
}
