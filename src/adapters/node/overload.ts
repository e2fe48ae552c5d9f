/**
 * Knows whether a listener has more to do than it can. A redirect takes some ten microseconds, most of them the kernel's,
 * so that to refuse one on a connection that is there saves nothing: what piles up is connections, and whoever is new
 * had better hear it at once than wait behind all of them.
 */
export class Overload {
  readonly #limit: number
  /** When the first of the long waits at hand was seen. */
  #first = Number.NEGATIVE_INFINITY
  #until = Number.NEGATIVE_INFINITY

  /** `limit` is how long a request may wait for its turn, in milliseconds. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Whether whoever is new at `now` (of `performance.now()`) had better be sent away. */
  isOn(now = performance.now()): boolean {
    return now < this.#until
  }

  /** Takes note that at `now` a request had waited for so many milliseconds. */
  note(now: number, waited: number): void {
    if (waited < this.#limit) return
    const since = now - this.#first
    if (since > 6 * this.#limit && !this.isOn(now)) this.#first = now
    // Long waits that are near each other may all come of one long garbage collection.
    else if (since >= this.#limit) this.#until = now + 2 * this.#limit
  }
}
