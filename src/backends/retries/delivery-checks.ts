import { GenerationalCache } from '../../internal/generational-cache.ts'
import type { Address } from '../../net/address.ts'
import type { Digest } from '../../oci/digest.ts'
import type { OciRequest } from '../../oci/path.ts'
import type { Store } from '../../routing/backend.ts'
import type { Runtime } from '../../runtime.ts'
import { deliversBlob } from '../health/check-delivery.ts'
import type { LiveBackend } from '../live-backend.ts'

type BlobRequest = OciRequest & { kind: 'blob' }

/** Looks into it when a client comes back for a blob that a store should have given it. */
export interface DeliveryChecks {
  /**
   * A check of a blob for a client that came back; `undefined` when it was checked lately. It settles when it has had its
   * consequences.
   */
  begin(client: Address, live: LiveBackend, request: BlobRequest): Promise<void> | undefined
  /**
   * The check that this client waits for already, whatever else it wants from that store: a pull asks for many blobs,
   * and fails with any of them.
   */
  awaited(client: Address, live: LiveBackend): Promise<void> | undefined
  /** Takes note that another process of this service has checked a blob, and what came of it. */
  note(live: LiveBackend, digest: Digest, isDelivered: boolean): void
}

/** A blob that was found to be delivered is not checked again within this time, however often it is asked for. */
const CHECK_INTERVAL = 30_000
const MAX_REMEMBERED = 10_000
const MAX_RUNNING = 16
/** How long a blob is not asked of a store that did not deliver it, in milliseconds. */
const BAR = 300_000

export function createDeliveryChecks(
  runtime: Pick<Runtime, 'now' | 'random' | 'background'>,
): DeliveryChecks {
  const checkedAt = new GenerationalCache<string, number>(MAX_REMEMBERED)
  const running = new Map<string, Promise<void>>()
  /** By client and store. */
  const waiting = new Map<string, Promise<void>>()

  function start(key: string, pair: string, live: LiveBackend, request: BlobRequest): Promise<void> {
    checkedAt.set(key, runtime.now())
    const answer = checkDelivery(live, request, runtime).finally(() => {
      running.delete(key)
      waiting.delete(pair)
    })
    running.set(key, answer)
    waiting.set(pair, answer)
    runtime.background(answer)
    return answer
  }

  return {
    begin(address, live, request) {
      const key = keyOf(live, request.digest)
      const same = running.get(key)
      if (same !== undefined) return same
      const before = checkedAt.get(key)
      if (before !== undefined && runtime.now() - before < CHECK_INTERVAL) return undefined
      return running.size < MAX_RUNNING ? start(key, pairOf(address, live.id), live, request) : undefined
    },
    awaited: (address, live) => (waiting.size === 0 ? undefined : waiting.get(pairOf(address, live.id))),
    note(live, digest, isDelivered) {
      checkedAt.set(keyOf(live, digest), runtime.now())
      if (!isDelivered) live.barBlob(digest, BAR)
    },
  }
}

/** Checks whether a store delivers a blob, and draws the consequences. Never rejects. */
async function checkDelivery(
  live: LiveBackend,
  request: BlobRequest,
  runtime: Pick<Runtime, 'random'>,
): Promise<void> {
  const { digest } = request
  if (await deliversBlob(live.backend as Store, digest, live.fetch, runtime)) {
    live.record({ kind: 'delivered', digest })
    return
  }
  live.bar(request, BAR)
  live.record({ kind: 'undelivered', digest })
  // It may fail with everything: that is told at once, and whoever waits is sent by what is found.
  if (live.isUsable) await live.check()
}

function keyOf({ id }: LiveBackend, digest: Digest): string {
  return `${id} ${digest}`
}

function pairOf({ word0, word1, word2, word3 }: Address, id: string): string {
  return `${id} ${word0} ${word1} ${word2} ${word3}`
}
