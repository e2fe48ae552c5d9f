import type { Runtime } from '../runtime.ts'
import type { Layer } from './fetch.ts'
import { type BodyWatch, watchBody, watchStream } from './watch-body.ts'

/**
 * Aborts a request when nothing comes for `milliseconds`: no headers, or no more of the body while somebody waits for
 * it, or no more of ours is taken. A large body may take as long as it likes, and so may whoever reads it.
 */
export function withIdleTimeout(milliseconds: number, { after }: Pick<Runtime, 'after'>): Layer {
  return (next) => async (url, init) => {
    const abort = new AbortController()
    const signal = init.signal ? AbortSignal.any([init.signal, abort.signal]) : abort.signal
    const late = () => abort.abort(new Error(`nothing came for ${milliseconds / 1000} s`))
    let callOff = () => {}
    const restart = () => {
      callOff()
      callOff = after(milliseconds, late)
    }
    const limited = async <T>(work: () => Promise<T>): Promise<T> => {
      restart()
      try {
        return await work()
      } finally {
        callOff()
      }
    }
    // While it takes what we send, it is not idle.
    const sent = init.body instanceof ReadableStream && { body: watchStream(init.body, restartedBy(restart)) }
    const response = await limited(() => next(url, { ...init, ...sent, signal }))
    return watchBody(response, { read: limited })
  }
}

function restartedBy(restart: () => void): BodyWatch {
  return {
    read(read) {
      restart()
      return read()
    },
  }
}
