import type { Suspicion } from '../health/suspicion.ts'
import { GenerationalCache } from '../internal/generational-cache.ts'
import type { Address } from '../net/address.ts'
import type { Digest } from '../oci/digest.ts'
import type { OciRequest } from '../oci/path.ts'
import type { Store } from '../routing/backend.ts'
import type { Decision, Verdict } from '../routing/decide.ts'
import type { Clock } from '../runtime.ts'
import type { Client } from './locate.ts'

export interface VerifierOptions {
  readonly suspicion: Suspicion
  readonly clock: Clock
  /** Whether the store delivers the blob; never rejects. */
  readonly check: (store: Store, digest: Digest) => Promise<boolean>
  /** Draws the consequences; the client that came back waits for them. */
  readonly onFailure: (store: Store, request: OciRequest & { kind: 'blob' }) => Promise<void>
}

/** Looks into it when a client comes back for a blob that a store should have given it. */
export interface Verifier {
  /**
   * Takes note of a decision. Gives what a check found when this client was sent to the same store for the same blob
   * just now; `undefined` when there is nothing to doubt, or it was checked lately. While that check runs, whatever else
   * this client wants from that store waits for it too: a pull asks for many blobs, and fails with any of them.
   */
  doubt(client: Client, decision: Decision, request: OciRequest): Promise<Verdict> | undefined
}

/** A blob that was found to be delivered is not checked again within this time, however often it is asked for. */
const CHECK_INTERVAL = 30_000
const MAX_REMEMBERED = 10_000
const MAX_RUNNING = 16

export function createVerifier({ suspicion, clock, check, onFailure }: VerifierOptions): Verifier {
  const checkedAt = new GenerationalCache<string, number>(MAX_REMEMBERED)
  const running = new Map<string, Promise<Verdict>>()
  /** By client and store. */
  const awaited = new Map<string, Promise<Verdict>>()

  return {
    doubt({ address }, decision, request) {
      if (decision.kind !== 'redirect' || decision.backend.kind !== 'store' || request.kind !== 'blob')
        return undefined
      const store = decision.backend
      const { digest } = request
      if (address === undefined) return undefined
      const isRepeated = suspicion.isRepeated(address, store.id, digest)
      if (running.size > 0) {
        const joined = awaited.get(pairOf(address, store))
        if (joined !== undefined) return joined
      }
      if (!isRepeated) return undefined
      const key = `${store.id} ${digest}`
      const joined = running.get(key)
      if (joined !== undefined) return joined
      const before = checkedAt.get(key)
      if ((before !== undefined && clock.now() - before < CHECK_INTERVAL) || running.size >= MAX_RUNNING)
        return undefined
      checkedAt.set(key, clock.now())
      const pair = pairOf(address, store)
      const answer = verify(store, request).finally(() => {
        running.delete(key)
        awaited.delete(pair)
      })
      running.set(key, answer)
      awaited.set(pair, answer)
      return answer
    },
  }

  async function verify(store: Store, request: OciRequest & { kind: 'blob' }): Promise<Verdict> {
    if (await check(store, request.digest)) return 'present'
    await onFailure(store, request)
    return 'unknown'
  }
}

function pairOf({ word0, word1, word2, word3 }: Address, { id }: Store): string {
  return `${id} ${word0} ${word1} ${word2} ${word3}`
}
