import type { Backoff } from '../internal/backoff.ts'
import { retry } from '../internal/retry.ts'
import type { Runtime } from '../runtime.ts'
import type { Layer } from './fetch.ts'

/** Altogether, the first one included. */
const ATTEMPTS = 5
const BACKOFF: Backoff = { first: 500, max: 30_000 }
/** The longest that a server may make us wait by `Retry-After`, in milliseconds. */
const RETRY_AFTER_MAX = 60_000

/** Too many requests, or a gateway that did not reach what is behind it: the same request may go well later. */
const PASSING = [429, 502, 503, 504]

/** Methods that change nothing. */
const READ: readonly string[] = ['GET', 'HEAD']

/** Whether the same request may go well later. */
export function isPassingStatus(status: number): boolean {
  return PASSING.includes(status)
}

/**
 * Asks again, up to `attempts` times altogether and with growing waits, when no answer comes or one that will pass.
 * `Retry-After` is obeyed (RFC 9110, 10.2.3). Only for these methods (GET and HEAD unless told), never for a body that can be sent once, and only until the body begins; the last answer or
 * error is handed on as it is.
 */
export function withRetry(
  runtime: Pick<Runtime, 'date' | 'after' | 'random'>,
  attempts = ATTEMPTS,
  methods = READ,
): Layer {
  return (next) => (url, init) => {
    const { method = 'GET', signal, body } = init
    if (!methods.includes(method) || body instanceof ReadableStream) return next(url, init)
    const options = {
      ...{ attempts, backoff: BACKOFF, signal },
      // After an answer, the waiting ends with the signal's own reason.
      again: (error: unknown) => error instanceof PassingAnswer || !signal?.aborted,
      // On top of what it asks for, so that not all who were told the same come back at one moment.
      pause: (error: unknown, growing: number) =>
        error instanceof PassingAnswer ? growing + error.retryAfter : growing,
    }
    return retry(runtime, options, async (failures) => {
      const response = await next(url, init)
      if (!isPassingStatus(response.status) || failures + 1 >= attempts) return response
      await response.body?.cancel()
      throw new PassingAnswer(readRetryAfter(response.headers.get('Retry-After'), runtime))
    })
  }
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

/** What `Retry-After` asks for (RFC 9110, 10.2.3), at most a minute: in milliseconds, 0 where there is none that can be read. */
export function readRetryAfter(header: string | null, { date }: Pick<Runtime, 'date'>): number {
  if (header === null) return 0
  const milliseconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - date().getTime()
  return Number.isNaN(milliseconds) ? 0 : Math.min(Math.max(0, milliseconds), RETRY_AFTER_MAX)
}
