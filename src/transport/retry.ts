import { type Backoff, backoffDelay, wait } from '../internal/backoff.ts'
import type { Clock } from '../runtime.ts'
import type { Layer } from './fetch.ts'

export interface RetryParts {
  readonly clock: Clock
  /** Numbers from 0 up to 1. */
  readonly random: () => number
  /** Altogether, the first one included. */
  readonly attempts?: number
}

const ATTEMPTS = 5
const BACKOFF: Backoff = { first: 500, max: 30_000 }
/** The longest that a server may make us wait by `Retry-After`, in milliseconds. */
const RETRY_AFTER_MAX = 60_000

/** Too many requests, or a gateway that did not reach what is behind it: the same request may go well later. */
const PASSING = [429, 502, 503, 504]

/**
 * Asks again, with growing waits, when no answer comes or one that will pass. `Retry-After` is obeyed (RFC 9110,
 * 10.2.3). Only for GET and HEAD, and only until the body begins; the last answer or error is handed on as it is.
 */
export function withRetry({ clock, random, attempts = ATTEMPTS }: RetryParts): Layer {
  return (next) => async (url, init) => {
    const { method = 'GET', signal } = init
    if (method !== 'GET' && method !== 'HEAD') return next(url, init)
    for (let failures = 1; ; failures++) {
      let pause = backoffDelay(BACKOFF, failures, random)
      try {
        const response = await next(url, init)
        if (!PASSING.includes(response.status) || failures >= attempts) return response
        // On top of what it asks for, so that not all who were told the same come back at one moment.
        pause += retryAfter(response.headers.get('Retry-After'), clock)
        await response.body?.cancel()
      } catch (error) {
        if (signal?.aborted || failures >= attempts) throw error
      }
      await wait(clock, pause, signal)
    }
  }
}

/** In milliseconds, 0 where there is none that can be read. */
function retryAfter(header: string | null, clock: Clock): number {
  if (header === null) return 0
  const milliseconds = /^\d+$/.test(header)
    ? Number(header) * 1000
    : Date.parse(header) - clock.date().getTime()
  return Number.isNaN(milliseconds) ? 0 : Math.min(Math.max(0, milliseconds), RETRY_AFTER_MAX)
}
