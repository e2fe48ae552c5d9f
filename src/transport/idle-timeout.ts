import type { Runtime } from '../runtime.ts'
import type { Layer } from './fetch.ts'
import { watchBody } from './watch-body.ts'

/**
 * Aborts a request when nothing comes for `milliseconds`: no headers, or no more of the body while somebody waits for
 * it. A large body may take as long as it likes, and so may whoever reads it.
 */
export function withIdleTimeout(milliseconds: number, { after }: Pick<Runtime, 'after'>): Layer {
  return (next) => async (url, init) => {
    const abort = new AbortController()
    const signal = init.signal ? AbortSignal.any([init.signal, abort.signal]) : abort.signal
    const limited = async <T>(work: () => Promise<T>): Promise<T> => {
      const late = () => abort.abort(new Error(`nothing came for ${milliseconds / 1000} s`))
      const callOff = after(milliseconds, late)
      try {
        return await work()
      } finally {
        callOff()
      }
    }
    const response = await limited(() => next(url, { ...init, signal }))
    return watchBody(response, { read: limited })
  }
}
