import type { Semaphore } from '../../internal/semaphore.ts'
import type { Cancel, Runtime } from '../../runtime.ts'

export interface HealthCheckerParts {
  readonly runtime: Pick<Runtime, 'after' | 'random' | 'background'>
  /** What all backends share, so that no more than so many are checked at once. */
  readonly places: Semaphore
  /** Between two checks, in milliseconds; each wait differs by up to a fifth. Asked each time, since a reload may change it. */
  readonly interval: () => number
  /** One check, to its end and its consequences; never rejects. */
  readonly check: () => Promise<void>
}

const JITTER = 0.2

/** Checks one backend at once, and then again and again. */
export class HealthChecker {
  readonly #parts: HealthCheckerParts
  #cancel: Cancel = () => {}
  /** The check that runs or waits for its turn now. */
  #running: Promise<void> | undefined
  #stopped = false

  constructor(parts: HealthCheckerParts) {
    this.#parts = parts
  }

  /** Checks at once, together with whoever asked for the same; settles when the check has had its consequences. */
  check(): Promise<void> {
    this.#cancel()
    if (this.#running === undefined) {
      this.#running = this.#inTurn().finally(() => {
        this.#running = undefined
      })
      this.#parts.runtime.background(this.#running)
    }
    return this.#running
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  async #inTurn(): Promise<void> {
    const { runtime, places, interval, check } = this.#parts
    await places.run(async () => {
      if (!this.#stopped) await check()
    })
    if (this.#stopped) return
    const wait = interval() * (1 - JITTER + 2 * JITTER * runtime.random())
    this.#cancel = runtime.after(wait, () => void this.check())
  }
}
