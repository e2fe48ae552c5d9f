import { GenerationalCache } from '../../internal/generational-cache.ts'
import type { Address } from '../../net/address.ts'
import type { OciRequest } from '../../oci/path.ts'
import type { Store } from '../../routing/backend.ts'
import type { Runtime } from '../../runtime.ts'
import { deliversBlob } from '../health/check-delivery.ts'
import type { LiveBackend } from '../live-backend.ts'
import { createRetryDetector } from './retry-detector.ts'

type BlobRequest = OciRequest & { kind: 'blob' }

/** Looks into it when a client comes back for a blob that a store should have given it. */
export interface DeliveryChecks {
  /**
   * Takes note that a client is about to be sent to a store for a blob. Gives a promise when it was sent there for the
   * same blob just now and that has not been checked lately: it settles when the check has had its consequences. While
   * the check runs, whatever else this client wants from that store waits for it too: a pull asks for many blobs, and
   * fails with any of them.
   */
  note(client: Address | undefined, live: LiveBackend, request: BlobRequest): Promise<void> | undefined
}

/** A blob that was found to be delivered is not checked again within this time, however often it is asked for. */
const CHECK_INTERVAL = 30_000
const MAX_REMEMBERED = 10_000
const MAX_RUNNING = 16
/** How long a blob is not asked of a store that did not deliver it, in milliseconds. */
const BAR = 300_000

export function createDeliveryChecks(runtime: Pick<Runtime, 'now'>): DeliveryChecks {
  const detector = createRetryDetector(runtime)
  const checkedAt = new GenerationalCache<string, number>(MAX_REMEMBERED)
  const running = new Map<string, Promise<void>>()
  /** By client and store. */
  const awaited = new Map<string, Promise<void>>()

  function begin(key: string, pair: string, live: LiveBackend, request: BlobRequest): Promise<void> {
    checkedAt.set(key, runtime.now())
    const answer = checkDelivery(live, request).finally(() => {
      running.delete(key)
      awaited.delete(pair)
    })
    running.set(key, answer)
    awaited.set(pair, answer)
    return answer
  }

  return {
    note(address, live, request) {
      if (address === undefined) return undefined
      const { digest } = request
      const isRetry = detector.isRetry(address, live.id, digest)
      const pair = running.size > 0 || isRetry ? pairOf(address, live.id) : ''
      const joined = awaited.get(pair)
      if (joined !== undefined || !isRetry) return joined
      const key = `${live.id} ${digest}`
      const same = running.get(key)
      if (same !== undefined) return same
      const before = checkedAt.get(key)
      if (before !== undefined && runtime.now() - before < CHECK_INTERVAL) return undefined
      return running.size < MAX_RUNNING ? begin(key, pair, live, request) : undefined
    },
  }
}

/** Checks whether a store delivers a blob, and draws the consequences. Never rejects. */
async function checkDelivery(live: LiveBackend, request: BlobRequest): Promise<void> {
  const { digest } = request
  if (await deliversBlob(live.backend as Store, digest, live.fetch)) {
    live.record({ kind: 'delivered', digest })
    return
  }
  live.bar(request, BAR)
  live.record({ kind: 'undelivered', digest })
  // It may fail with everything: that is told at once, and whoever waits is sent by what is found.
  if (live.isUsable) await live.check()
}

function pairOf({ word0, word1, word2, word3 }: Address, id: string): string {
  return `${id} ${word0} ${word1} ${word2} ${word3}`
}
