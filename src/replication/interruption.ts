import type { Runtime } from '../runtime.ts'

/** The two steps in which a run is told to end. */
export interface Interruption {
  /** Aborted at once: begin nothing new, leave what is on its way for the next run. */
  readonly stop: AbortSignal
  /** Aborted some seconds later: what is still being tidied up is left as it is. */
  readonly cut: AbortSignal
  /** The run is over: nothing is waited for any more. */
  release(): void
}

/** How long what was begun may take to end well, in milliseconds. */
const GRACE = 5000

export function createInterruption({ after }: Pick<Runtime, 'after'>, signal?: AbortSignal): Interruption {
  const stop = signal ?? new AbortController().signal
  const cut = new AbortController()
  let callOff = () => {}
  const end = () => {
    callOff = after(GRACE, () => cut.abort(stop.reason))
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
