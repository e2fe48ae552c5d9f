import type { Runtime } from '../runtime.ts'

/** Bounds of a growing wait, in milliseconds. */
export interface Backoff {
  /** About how long the first wait is; each is twice as long as the one before. */
  readonly first: number
  readonly max: number
}

/**
 * Milliseconds to wait after failure number `failures`, from 1: between half of the growing wait and all of it, so that
 * many who failed at one moment do not come back at one moment. `random` gives numbers from 0 up to 1.
 */
export function backoffDelay({ first, max }: Backoff, failures: number, random: () => number): number {
  const whole = Math.min(max, first * 2 ** (failures - 1))
  return whole * (0.5 + random() / 2)
}

/** Resolves after `milliseconds`; rejects with the signal's reason when that aborts first. */
export function wait(
  { after }: Pick<Runtime, 'after'>,
  milliseconds: number,
  signal?: AbortSignal | null,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const stop = () => {
      callOff()
      reject(signal?.reason)
    }
    const callOff = after(milliseconds, () => {
      signal?.removeEventListener('abort', stop)
      resolve()
    })
    signal?.addEventListener('abort', stop, { once: true })
  })
}
