import { type Backoff, wait } from '../internal/backoff.ts'
import { retry } from '../internal/retry.ts'
import type { Runtime } from '../runtime.ts'
import type { Layer } from './fetch.ts'
import { HostPauses } from './host-pauses.ts'
import { readRetryAfter } from './retry-after.ts'

/** How far a server is humoured. */
export interface RetryPolicy {
  /** Of one request altogether, the first one included; 5 unless told. */
  readonly attempts?: number | undefined
  /** Methods that are tried again, with a body that can be sent again; GET and HEAD unless told. */
  readonly repeated?: readonly string[] | undefined
  /** The longest that a server may make us wait by `Retry-After`, in milliseconds; a minute unless told. */
  readonly maxWait?: number | undefined
  /** Told at once, and once for all who wait, when a server wants to be left alone for more than some seconds. */
  readonly onWait?: ((asked: RequestedWait) => void) | undefined
}

/** What a server asks for by `Retry-After`. */
export interface RequestedWait {
  readonly host: string
  /** Of its answer. */
  readonly status: number
  /** Until when it wants to be left alone, in milliseconds since 1970. */
  readonly until: number
  /** False when that is too long: nothing more is asked of it until then, and all that would be fails. */
  readonly obeyed: boolean
}

/** Methods that change nothing. */
const READ: readonly string[] = ['GET', 'HEAD']
const ATTEMPTS = 5
const BACKOFF: Backoff = { first: 500, max: 30_000 }
const MAX_WAIT = 60_000
/** Shorter waits are not worth a word. */
const TOLD_FROM = 5000

/** Never passing: the server cannot do it (501, 505), or the network wants a login (511). */
const LASTING = [501, 505, 511]

/** Whether the same request may go well later: too early, too many, or a fault of the server or of what is behind it. */
export function isPassingStatus(status: number): boolean {
  return [408, 425, 429].includes(status) || (status >= 500 && !LASTING.includes(status))
}

/**
 * Asks again, up to `attempts` times altogether and with growing waits, when no answer comes or one that will pass.
 * `Retry-After` is obeyed (RFC 9110, 10.2.3) by all requests to its host, up to `maxWait`: a server that wants longer is
 * not asked again before, and its answer stands for all that would be asked meanwhile. Only for methods that may be
 * repeated, never for a stream of ours, and only until the body begins; the last answer or error is handed on as it is.
 */
export function withRetry(
  runtime: Pick<Runtime, 'now' | 'date' | 'after' | 'random'>,
  { attempts = ATTEMPTS, maxWait = MAX_WAIT, onWait = () => {}, repeated = READ }: RetryPolicy = {},
): Layer {
  const pauses = new HostPauses(runtime)
  return (next) => (url, init) => {
    const { method = 'GET', signal, body } = init
    if (!repeated.includes(method) || body instanceof ReadableStream) return next(url, init)
    const { host } = new URL(url)
    const options = {
      ...{ attempts, backoff: BACKOFF, signal },
      // After an answer, the waiting ends with the signal's own reason.
      again: (error: unknown) => error instanceof PassingAnswer || !signal?.aborted,
      // On top of what it asks for, so that not all who were told the same come back at one moment.
      pause: (error: unknown, growing: number) =>
        error instanceof PassingAnswer ? growing + error.retryAfter : growing,
    }
    return retry(runtime, options, async (failures) => {
      const left = pauses.left(host)
      if (left > maxWait) return refused(left)
      if (left > 0) await wait(runtime, left, signal)
      const response = await next(url, init)
      if (!isPassingStatus(response.status)) return response
      const retryAfter = readRetryAfter(response.headers.get('Retry-After'), runtime) ?? 0
      const obeyed = retryAfter <= maxWait
      if (pauses.note(host, retryAfter) && retryAfter >= TOLD_FROM) {
        const until = runtime.date().getTime() + retryAfter
        onWait({ host, status: response.status, until, obeyed })
      }
      if (!obeyed || failures + 1 >= attempts) return response
      await response.body?.cancel()
      throw new PassingAnswer(retryAfter)
    })
  }
}

/** What a server that wants to be left alone for so many milliseconds more would answer. */
function refused(milliseconds: number): Response {
  const seconds = Math.ceil(milliseconds / 1000)
  return new Response(null, { status: 429, headers: { 'Retry-After': `${seconds}` } })
}

/** An answer after which it is worth to ask again. */
class PassingAnswer extends Error {
  override readonly name = 'PassingAnswer'
  /** How long the server wants to be left alone, in milliseconds. */
  readonly retryAfter: number

  constructor(retryAfter: number) {
    super('an answer that will pass')
    this.retryAfter = retryAfter
  }
}
