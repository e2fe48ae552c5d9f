import type { Runtime } from '../runtime.ts'

/** How much there is of something that is taken and given back. */
export interface AllowanceBounds {
  /** What there is at first, and what time brings back. */
  readonly start: number
  /** What time brings back, a second. */
  readonly perSecond: number
  /** What giving back may let it grow to. */
  readonly most: number
}

/** Something that is taken one by one, comes back with time, and is given back where it was not used up. */
export class Allowance {
  readonly #runtime: Pick<Runtime, 'now'>
  readonly #bounds: AllowanceBounds
  #left: number
  #at: number

  constructor(bounds: AllowanceBounds, runtime: Pick<Runtime, 'now'>) {
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

  giveBack(count: number): void {
    this.#refill()
    this.#left = Math.min(this.#bounds.most, this.#left + count)
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
