import type { Clock } from '../../runtime.ts'

/** Keeps the request at hand alive until some work has ended: `waitUntil` of `cloudflare:workers`. */
export type WaitUntil = (work: Promise<unknown>) => void

/**
 * After this long, work that has not ended never will, in milliseconds: the platform ends what goes on for 30 seconds
 * after its request was answered, and promises that depend on it are never settled.
 */
const LOST = 120_000

/** The work that goes on after its request was answered, and whether some of it was lost with a request. */
export class BackgroundWork {
  readonly #clock: Pick<Clock, 'now'>
  readonly #waitUntil: WaitUntil
  /** When each piece that still runs began, the earliest first. */
  readonly #begun = new Set<{ readonly at: number }>()

  constructor(clock: Pick<Clock, 'now'>, waitUntil: WaitUntil) {
    this.#clock = clock
    this.#waitUntil = waitUntil
  }

  readonly add = (work: Promise<unknown>): void => {
    const piece = { at: this.#clock.now() }
    this.#begun.add(piece)
    this.#waitUntil(work.finally(() => this.#begun.delete(piece)))
  }

  /** Takes no account of what runs now. */
  forget(): void {
    this.#begun.clear()
  }

  /** Whether some of it can never end any more. */
  get isLost(): boolean {
    for (const { at } of this.#begun) return this.#clock.now() - at > LOST
    return false
  }
}
