import type { Clock } from '../internal/clock.ts'
import { blobLocation, type Store } from '../routing/backend.ts'
import type { Probe } from './presence.ts'

/** The part of `fetch` that probes need; all three runtimes have it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** When a probe is given up altogether: long after the client's time budget, since a late answer still helps the next. */
const GIVE_UP_AFTER = 10_000

/**
 * Asks a store by `HEAD` whether it holds a blob: 200 is present, 404 is absent, all else is unknown.
 *
 * 403 is unknown, since S3 and its kin say that of a missing key too when listing is not allowed. A redirect is not
 * followed: what it leads to is not the store that the operator named.
 */
export function createHeadProbe(store: Store, fetch: Fetch, clock: Clock): Probe {
  return async (digest) => {
    const abort = new AbortController()
    const callOff = clock.after(GIVE_UP_AFTER, () => abort.abort())
    try {
      const response = await fetch(blobLocation(store, digest), {
        method: 'HEAD',
        redirect: 'manual',
        signal: abort.signal,
      })
      if (response.status === 200) return 'present'
      return response.status === 404 ? 'absent' : 'unknown'
    } catch {
      return 'unknown'
    } finally {
      callOff()
    }
  }
}
