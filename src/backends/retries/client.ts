import { Allowance } from './allowance.ts'
import { Bursts } from './bursts.ts'
import { NEVER, QUICK, QUIET, WINDOW } from './times.ts'

/** So many signs, and an address is taken for many machines behind one. */
const SHARED_SIGNS = 2

/** What is known of one address at one store. */
export class Client {
  readonly bursts = new Bursts()
  readonly allowance = new Allowance()
  /** The store's slice of time in which it was counted, and counted as one that came back. */
  slice = -1
  sliceAgain = -1
  lastAt = NEVER
  #signs = 0
  /** A pull that came back, by when the one before it began; none yet in this pull. */
  #cameFrom = NEVER
  #wideUntil = NEVER
  #isInVain = false

  /** Whether many seem to share the address: one asks for nothing twice at a time, and is helped by another store. */
  get isShared(): boolean {
    return this.#signs >= SHARED_SIGNS
  }

  /** Takes note of a request; `manifestAt` is when the address was handed a manifest last. */
  arrive(now: number, manifestAt: number): void {
    const gap = now - this.lastAt
    const isQuick = !this.isShared && gap >= QUICK && manifestAt > this.lastAt
    if (gap >= QUIET || isQuick) this.#beginPull(now)
    this.bursts.note(now)
    this.allowance.note(now, this.isShared)
    this.lastAt = now
  }

  /** This pull is a second one for what was asked for at `from`: whatever the next one asks for must move. */
  cameBack(from: number): void {
    if (from > this.#cameFrom) this.#cameFrom = from
  }

  /** Whether two pulls in a row came to nothing, so that all this address asks of the store moves. */
  isWide(now: number): boolean {
    return now < this.#wideUntil
  }

  /** It asked for the same again before one machine could know that it failed. */
  noteRepeat(): void {
    this.#signs++
  }

  /** It was sent elsewhere and came back nevertheless; counts once a pull. */
  noteInVain(): void {
    if (!this.#isInVain) this.#signs++
    this.#isInVain = true
  }

  #beginPull(now: number): void {
    if (now - this.#cameFrom <= WINDOW) this.#wideUntil = now + WINDOW
    this.#cameFrom = NEVER
    this.#isInVain = false
  }
}
