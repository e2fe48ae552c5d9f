import type { Runtime } from '../../runtime.ts'
import { TimeoutError } from '../../transport/timeout.ts'

/** For a request that moves few bytes, with all that a driver's retries take, in milliseconds. */
export const SMALL_REQUEST_TIME = 60_000

/** For a request that moves a part, so that many of them can share a slow line. */
export const PART_REQUEST_TIME = 600_000

/** How long a body may give nothing. */
export const SILENCE_TIME = 60_000

/** A time limit that can be moved; what it bounds learns of its end by `signal`. */
export class Deadline {
  readonly #after: Runtime['after']
  readonly #abort = new AbortController()
  #callOff: () => void = () => {}

  constructor({ after }: Pick<Runtime, 'after'>) {
    this.#after = after
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** So long from now; forgets what was set before. */
  set(milliseconds: number): void {
    this.clear()
    this.#callOff = this.#after(milliseconds, () => this.#abort.abort(new TimeoutError(milliseconds)))
  }

  clear(): void {
    this.#callOff()
  }

  /** Ends at once what it bounds. */
  end(): void {
    this.clear()
    this.#abort.abort()
  }

  /** Bounds some work, which has to heed the signal; rejects with a {@link TimeoutError} when its time is over. */
  async bound<T>(milliseconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.set(milliseconds)
    try {
      return await work(this.signal)
    } catch (error) {
      throw this.signal.aborted ? this.signal.reason : error
    } finally {
      this.clear()
    }
  }
}
