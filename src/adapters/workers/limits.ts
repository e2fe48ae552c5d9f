import { OWN_LIMIT } from '../../backends/health/check-result.ts'
import { within } from '../../internal/within.ts'
import type { Fetch, Runtime } from '../../runtime.ts'
import type { Log } from '../../telemetry/log.ts'
import type { KeyValueStore } from './bindings.ts'

/** How long KV is waited for, in milliseconds. */
const KV_TIMEOUT = 3000
/** The same limit is told of once in so many milliseconds. */
const TOLD_INTERVAL = 60_000

/** The same namespace; it rejects when there is no answer in time. */
export function withKvTimeout(kv: KeyValueStore, runtime: Pick<Runtime, 'after'>): KeyValueStore {
  async function inTime<T>(key: string, asked: Promise<T>): Promise<T> {
    const settled = asked.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
    const late = { error: new Error(`KV did not answer within ${KV_TIMEOUT / 1000} s about ${key}`) }
    const outcome = await within<{ value: T } | { error: unknown }>(runtime, KV_TIMEOUT, settled, late)
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }
  async function get(key: string): Promise<string | null>
  async function get(key: string, type: 'arrayBuffer'): Promise<ArrayBuffer | null>
  async function get(key: string, type?: 'arrayBuffer'): Promise<string | ArrayBuffer | null> {
    return inTime<string | ArrayBuffer | null>(key, type === undefined ? kv.get(key) : kv.get(key, type))
  }
  return { get, put: (key, value) => inTime(key, kv.put(key, value)) }
}

/**
 * The same fetch, which says in the words of health checks that a worker has used up what it may ask during one request
 * (50 times where nobody pays): that is not the fault of the backend that comes next.
 */
export function withOwnLimits(fetch: Fetch, { now, log }: { now: () => number; log: Log }): Fetch {
  let toldAt = Number.NEGATIVE_INFINITY
  return async (url, init) => {
    try {
      return await fetch(url, init)
    } catch (error) {
      if (!(error instanceof Error) || !/too many (?:subrequests|api requests)/i.test(error.message))
        throw error
      if (now() - toldAt >= TOLD_INTERVAL) {
        toldAt = now()
        log.error({ problem: error.message }, 'there are more backends than this worker may ask in one go')
      }
      throw Object.assign(error, { code: OWN_LIMIT })
    }
  }
}
