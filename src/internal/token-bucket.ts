import type { Runtime } from '../runtime.ts'

/** Something that may happen so many times a second, and as often at once after a pause of a second. */
export class TokenBucket {
  readonly #now: Runtime['now']
  readonly #interval: number
  readonly #burst: number
  /** When the bucket would be full again. */
  #fullAt = 0

  constructor(perSecond: number, { now }: Pick<Runtime, 'now'>) {
    this.#now = now
    this.#interval = 1000 / perSecond
    this.#burst = Math.max(1, Math.floor(perSecond))
  }

  /** Takes a token, and gives how many milliseconds its taker has to wait before using it. */
  take(): number {
    const now = this.#now()
    this.#fullAt = Math.max(this.#fullAt, now) + this.#interval
    return Math.max(0, this.#fullAt - now - this.#burst * this.#interval)
  }
}
