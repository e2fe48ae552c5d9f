import type { Runtime } from '../runtime.ts'

/** How many tokens there are. */
export interface TokenBucketBounds {
  /** How many there are at first, and how many time brings back. */
  readonly start: number
  /** How many time brings back, a second. */
  readonly perSecond: number
  /** How many giving back may let it grow to; no more than `start` by default. */
  readonly most?: number
}

/** Tokens that are taken one by one, come back with time, and are given back where they were not used up. */
export class TokenBucket {
  readonly #runtime: Pick<Runtime, 'now'>
  readonly #bounds: TokenBucketBounds
  /** Below 0 as long as some are borrowed. */
  #left: number
  #at: number

  constructor(bounds: TokenBucketBounds, runtime: Pick<Runtime, 'now'>) {
    this.#runtime = runtime
    this.#bounds = bounds
    this.#left = bounds.start
    this.#at = runtime.now()
  }

  /** Takes one, where there is one. */
  take(): boolean {
    this.#refill()
    if (this.#left < 1) return false
    this.#left--
    return true
  }

  /** Takes one, there or not: gives how many milliseconds its taker has to wait before using it. */
  borrow(): number {
    this.#refill()
    this.#left--
    return Math.max(0, (-this.#left / this.#bounds.perSecond) * 1000)
  }

  giveBack(count: number): void {
    this.#refill()
    const { start, most = start } = this.#bounds
    this.#left = Math.min(most, this.#left + count)
  }

  #refill(): void {
    const now = this.#runtime.now()
    const { start, perSecond } = this.#bounds
    // What it has grown to beyond the start stays.
    if (this.#left < start) {
      this.#left = Math.min(start, this.#left + ((now - this.#at) / 1000) * perSecond)
    }
    this.#at = now
  }
}
