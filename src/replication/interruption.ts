import type { Backoff } from '../internal/backoff.ts'
import type { Clock } from '../runtime.ts'

/** The two steps in which a run is told to end. */
export interface Interruption {
  /** Aborted at once: begin nothing new, leave what is on its way for the next run. */
  readonly stop: AbortSignal
  /** Aborted some seconds later: what is still being tidied up is left as it is. */
  readonly cut: AbortSignal
  /** The run is over: nothing is waited for any more. */
  release(): void
}

/** Between two tries of the same request. */
export const BACKOFF: Backoff = { first: 500, max: 30_000 }

/** How long what was begun may take to end well, in milliseconds. */
const GRACE = 5000

export function createInterruption(clock: Clock, signal?: AbortSignal): Interruption {
  const stop = signal ?? new AbortController().signal
  const cut = new AbortController()
  let callOff = () => {}
  const end = () => {
    callOff = clock.after(GRACE, () => cut.abort(stop.reason))
  }
  if (stop.aborted) end()
  else stop.addEventListener('abort', end, { once: true })
  return {
    stop,
    cut: cut.signal,
    release() {
      stop.removeEventListener('abort', end)
      callOff()
    },
  }
}

/** The promise's result; rejects with the signal's reason when that is aborted first, whatever the promise does then. */
export function untilAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
