import type { Runtime } from '../runtime.ts'
import { type Backoff, backoffDelay, wait } from './backoff.ts'

/** How often something is tried, and what for. */
export interface RetryOptions {
  /** In a row, the first one included. */
  readonly attempts: number
  readonly backoff: Backoff
  /** Ends the waiting between two attempts; what an attempt does with it is its own affair. */
  readonly signal?: AbortSignal | null | undefined
  /** Whether what went wrong may go well another time. */
  readonly again: (error: unknown) => boolean
  /** Whether the attempt that has just failed brought enough for the row to begin anew with it. */
  readonly progressed?: () => boolean
  /** Milliseconds to wait before the next attempt, in place of the growing wait; 0 to go on at once. */
  readonly pause?: (error: unknown, growing: number) => number
}

/**
 * What `work` gives, tried again with growing waits; `failures` says how many attempts have failed in a row before. The
 * last error is thrown as it is, and so is one that `again` turns down.
 */
export async function retry<T>(
  runtime: Pick<Runtime, 'after' | 'random'>,
  options: RetryOptions,
  work: (failures: number) => Promise<T>,
): Promise<T> {
  const { attempts, backoff, signal, again, progressed = () => false, pause } = options
  for (let failures = 0; ; ) {
    try {
      return await work(failures)
    } catch (error) {
      if (!again(error)) throw error
      failures = progressed() ? 1 : failures + 1
      if (failures >= attempts) throw error
      const growing = backoffDelay(backoff, failures, runtime.random)
      const milliseconds = pause === undefined ? growing : pause(error, growing)
      if (milliseconds > 0) await wait(runtime, milliseconds, signal)
      else signal?.throwIfAborted()
    }
  }
}
