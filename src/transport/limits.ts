import { wait } from '../internal/backoff.ts'
import { Semaphore } from '../internal/semaphore.ts'
import { TokenBucket } from '../internal/token-bucket.ts'
import type { Clock } from '../runtime.ts'
import type { Layer } from './fetch.ts'
import { watchBody } from './watch-body.ts'

/** What one host may be burdened with. */
export interface Limits {
  /** Requests at once, each until its body has ended. */
  readonly concurrency: number
  readonly requestsPerSecond: number
  /** Requests whose bodies may take long, counted by themselves: others must not have to wait until those have ended. */
  readonly long?: {
    readonly concurrency: number
    includes(url: URL, method: string): boolean
  }
}

/** What one host is burdened with. */
interface Burden {
  readonly places: Semaphore
  readonly longPlaces: Semaphore
  readonly tokens: TokenBucket
}

/** Hosts come from redirects too, and so from outside. */
const HOSTS_MAX = 1000

/**
 * Holds every host to its limits; requests wait in the order in which they came. A body that is neither read to its end
 * nor cancelled keeps its place until its signal aborts.
 */
export function withLimits({ concurrency, requestsPerSecond, long }: Limits, runtime: Clock): Layer {
  const hosts = new Map<string, Burden>()
  const burdenOf = (host: string): Burden => {
    const known = hosts.get(host)
    if (known !== undefined) return known
    if (hosts.size >= HOSTS_MAX) {
      for (const [other, { places, longPlaces }] of hosts)
        if (places.idle && longPlaces.idle) hosts.delete(other)
    }
    const fresh = {
      places: new Semaphore(concurrency),
      longPlaces: new Semaphore(long?.concurrency ?? 0),
      tokens: new TokenBucket(
        { start: Math.max(1, Math.floor(requestsPerSecond)), perSecond: requestsPerSecond },
        runtime,
      ),
    }
    hosts.set(host, fresh)
    return fresh
  }
  return (next) => async (url, init) => {
    const address = new URL(url)
    const { places, longPlaces, tokens } = burdenOf(address.host)
    const isLong = long?.includes(address, init.method ?? 'GET') ?? false
    const release = await (isLong ? longPlaces : places).acquire(init.signal)
    try {
      const pause = tokens.borrow()
      if (pause > 0) await wait(runtime, pause, init.signal)
      const response = await next(url, init)
      init.signal?.addEventListener('abort', release, { once: true })
      return watchBody(response, {
        end() {
          init.signal?.removeEventListener('abort', release)
          release()
        },
      })
    } catch (error) {
      release()
      throw error
    }
  }
}
