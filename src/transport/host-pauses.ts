import type { Runtime } from '../runtime.ts'

/** Hosts come from redirects too, and so from outside. */
const HOSTS_MAX = 1000
/** Two answers of one moment ask for the same, though they do not come in one millisecond. */
const SAME = 1000

/** Which hosts want to be left alone, and for how long. */
export class HostPauses {
  readonly #clock: Pick<Runtime, 'now'>
  readonly #until = new Map<string, number>()

  constructor(clock: Pick<Runtime, 'now'>) {
    this.#clock = clock
  }

  /** Milliseconds for which nothing is to be asked of a host. */
  left(host: string): number {
    const until = this.#until.get(host)
    if (until === undefined) return 0
    const left = until - this.#clock.now()
    if (left <= 0) this.#until.delete(host)
    return Math.max(0, left)
  }

  /** Notes that a host wants to be left alone for so many milliseconds; false when that was known. */
  note(host: string, milliseconds: number): boolean {
    if (milliseconds <= this.left(host) + SAME) return false
    const [oldest] = this.#until.keys()
    if (this.#until.size >= HOSTS_MAX && oldest !== undefined) this.#until.delete(oldest)
    this.#until.set(host, this.#clock.now() + milliseconds)
    return true
  }
}
