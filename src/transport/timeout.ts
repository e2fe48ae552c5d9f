import type { Runtime } from '../runtime.ts'
import type { Layer } from './fetch.ts'
import { watchBody } from './watch-body.ts'

/** The `reason` of the abort with which {@link withTimeout} ends a request. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
  constructor(milliseconds: number) {
    super(`no answer within ${milliseconds} ms`)
  }
}

/**
 * Aborts a request, body included, that has not ended `milliseconds` after it began: a server that stalls in the
 * middle of a body is caught too.
 */
export function withTimeout(milliseconds: number, { after }: Pick<Runtime, 'after'>): Layer {
  return (next) => async (url, init) => {
    const abort = new AbortController()
    const callOff = after(milliseconds, () => abort.abort(new TimeoutError(milliseconds)))
    const signal = init.signal ? AbortSignal.any([init.signal, abort.signal]) : abort.signal
    try {
      // What is read or given up has ended: a timer that ticks on keeps a command from its end.
      return watchBody(await next(url, { ...init, signal }), { end: callOff })
    } catch (error) {
      callOff()
      throw error
    }
  }
}
