import type { Fetch, Runtime } from '../runtime.ts'
import { withAuth } from '../transport/auth.ts'
import type { Credentials } from '../transport/credential.ts'
import { type Distances, withDistances } from '../transport/distance.ts'
import { layered } from '../transport/fetch.ts'
import { withIdleTimeout } from '../transport/idle-timeout.ts'
import { type Limits, withLimits } from '../transport/limits.ts'
import { withRedirectGuard } from '../transport/redirect-guard.ts'
import { type RetryPolicy, withRetry } from '../transport/retry.ts'
import { withUserAgent } from '../transport/user-agent.ts'

export interface RegistryFetchOptions extends RetryPolicy {
  /** The registry's address. */
  readonly url: string
  readonly credentials: Credentials
  /** Hosts in other domains that may get the credential for a token, such as `login.example.net`. */
  readonly tokenServices?: readonly string[] | undefined
  /** To each host, the registry's and those that it redirects to. */
  readonly limits: Limits
  /** For how long nothing may come, in milliseconds. */
  readonly idleTimeout?: number
  /** Told how far each host is. */
  readonly distances?: Distances
}

const IDLE_TIMEOUT = 30_000

/** The fetch of a registry client: what stands around the runtime's own, in an order that has its reasons. */
export function createRegistryFetch(runtime: Runtime, options: RegistryFetchOptions): Fetch {
  const { url, credentials, tokenServices, limits, distances, idleTimeout = IDLE_TIMEOUT } = options
  return layered(
    runtime.fetch,
    // Outside of auth: each hop passes it anew, so that a credential goes to the registry's own origin alone.
    withRedirectGuard(runtime),
    // Outside of retry: a token server is retried like any other, and 401 is an answer, not a failure.
    withAuth(runtime, { url, credentials, tokenServices }),
    // Inside of auth: a token server may know who asks, too.
    withUserAgent(runtime.userAgent),
    // Outside of the limits: who waits to try again holds no place, and each attempt counts as a request.
    withRetry(runtime, options),
    // Outside of the timeout: time in the queue is not the server's.
    withLimits(limits, runtime),
    withIdleTimeout(idleTimeout, runtime),
    // Inside of all that waits.
    ...(distances === undefined ? [] : [withDistances(distances, runtime)]),
  )
}
