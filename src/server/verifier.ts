import type { Suspicion } from '../health/suspicion.ts'
import type { Clock } from '../internal/clock.ts'
import { GenerationalCache } from '../internal/generational-cache.ts'
import type { Digest } from '../oci/digest.ts'
import type { OciRequest } from '../oci/path.ts'
import type { Store } from '../routing/backend.ts'
import type { Decision, Verdict } from '../routing/decide.ts'
import type { Client } from './locate.ts'

export interface VerifierOptions {
  readonly suspicion: Suspicion
  readonly clock: Clock
  /** Whether the store delivers the blob; never rejects. */
  readonly check: (store: Store, digest: Digest) => Promise<boolean>
  readonly onFailure: (store: Store, request: OciRequest & { kind: 'blob' }) => void
}

/** Looks into it when a client comes back for a blob that a store should have given it. */
export interface Verifier {
  /**
   * Takes note of a decision. Gives what a check found when this client was sent to the same store for the same blob
   * just now; `undefined` when there is nothing to doubt, or it was checked lately.
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

  return {
    doubt({ address }, decision, request) {
      if (decision.kind !== 'redirect' || decision.backend.kind !== 'store' || request.kind !== 'blob')
        return undefined
      const store = decision.backend
      const { digest } = request
      if (address === undefined || !suspicion.isRepeated(address, store.id, digest)) return undefined
      const key = `${store.id} ${digest}`
      const joined = running.get(key)
      if (joined !== undefined) return joined
      const before = checkedAt.get(key)
      if ((before !== undefined && clock.now() - before < CHECK_INTERVAL) || running.size >= MAX_RUNNING)
        return undefined
      checkedAt.set(key, clock.now())
      const answer = check(store, digest).then((delivered): Verdict => {
        running.delete(key)
        if (!delivered) onFailure(store, request)
        return delivered ? 'present' : 'unknown'
      })
      running.set(key, answer)
      return answer
    },
  }
}
