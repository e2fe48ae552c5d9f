import type { SharedPresence } from '../../backends/shared-findings.ts'
import { within } from '../../internal/within.ts'
import type { Presence } from '../../routing/decide.ts'
import type { Runtime } from '../../runtime.ts'
import type { SharedCache } from './bindings.ts'

/** Below this nothing is; it is only a name for the cache. */
const ORIGIN = 'https://presence.portolan.invalid'
/** Longer than this the cache is not waited for, in milliseconds: a store answers in little more. */
const WAIT = 50
/** Longer than this a finding is not told to others, in milliseconds. */
const TTL_MAX = 3_600_000
const DATE = 'Portolan-Found'

/**
 * What the isolates of one data centre find in stores, kept for each other in Cloudflare's cache. A finding is believed
 * there for as long as in the isolate that made it, and an hour at most.
 */
export function createCachePresence(
  cache: () => SharedCache | undefined,
  runtime: Pick<Runtime, 'date' | 'after' | 'createHash'>,
): SharedPresence {
  const urlOf = (fingerprint: string, key: string) => {
    const hash = runtime.createHash('sha256')
    hash.update(new TextEncoder().encode(`${fingerprint}\n${key}`))
    return `${ORIGIN}/${hash.hex()}`
  }
  return {
    async find(fingerprint, key, since) {
      const found = readFinding(cache(), urlOf(fingerprint, key), since)
      return within(runtime, WAIT, found, undefined)
    },
    async keep(fingerprint, key, finding, milliseconds) {
      const seconds = Math.floor(Math.min(milliseconds, TTL_MAX) / 1000)
      if (seconds < 1) return
      const headers = {
        'Cache-Control': `max-age=${seconds}`,
        [DATE]: String(runtime.date().getTime()),
      }
      try {
        await cache()?.put(urlOf(fingerprint, key), new Response(finding, { headers }))
      } catch {
        // What is not kept is found again.
      }
    },
  }
}

/** Never rejects: what cannot be read is not known. */
async function readFinding(
  cache: SharedCache | undefined,
  url: string,
  since: number,
): Promise<Presence | undefined> {
  try {
    const response = await cache?.match(url)
    if (response === undefined) return undefined
    const finding = await response.text()
    if (Number(response.headers.get(DATE) ?? 0) < since) return undefined
    return finding === 'present' || finding === 'absent' ? finding : undefined
  } catch {
    return undefined
  }
}
