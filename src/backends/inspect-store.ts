import type { StoreConfig } from '../config/config.ts'
import { type Digest, parseDigest } from '../oci/digest.ts'
import type { Store } from '../routing/backend.ts'
import type { Fetch, Runtime } from '../runtime.ts'
import { type BackendState, OBJECTS_AGAINST } from './backend-state.ts'
import type { HealthReport } from './facts.ts'
import type { CheckResult } from './health/check-result.ts'
import { checkStore, OBJECT_ABSENT } from './health/check-store.ts'
import { examineOwnership, type OwnershipClaim } from './ownership/ownership-status.ts'

/** What a store is inspected by. */
export interface StoreInspection {
  readonly config: StoreConfig
  readonly store: Store
  /** What it has to prove; absent when nothing. */
  readonly claim: OwnershipClaim | undefined
  readonly fetch: Fetch
  readonly runtime: Pick<Runtime, 'now' | 'date' | 'random'>
}

/**
 * Checks the health of a store: whose it is, then whether it gives what is promised (by its config, or else by its
 * inventory), what it was seen to have, or any answer at all. Never rejects; ends when `fetch` does.
 */
export async function inspectStore(
  { config, store, claim, fetch, runtime }: StoreInspection,
  state: BackendState,
  listedObject: Digest | undefined,
): Promise<HealthReport> {
  // Before anything else: what a stranger's store says of its content is of no interest.
  const proof = claim && (await examineOwnership(claim, state.ownership, fetch, runtime))
  const ownership = proof && { ownership: proof.status }
  if (proof?.failure !== undefined) return { result: proof.failure, ...ownership }
  const promised = config.canary === undefined ? listedObject : parseDigest(config.canary)
  if (promised === undefined) return { ...(await checkLearned(store, state, fetch)), ...ownership }
  const result = await checkStore(store, promised, fetch)
  const report = { ...ownership, ...told(result) }
  // A store that lacks what its inventory lists is asked about every blob, like one without an inventory.
  if (result !== OBJECT_ABSENT || config.canary !== undefined) return { result, ...report }
  return { ...(await checkLearned(store, state, fetch)), ...report }
}

/**
 * Tries a store by what it was seen to have. Nobody promised that, and any client may have made us learn of an object
 * that is archived or spoilt: so one that does not come is replaced by the next, and only several different ones, or a
 * store that claims to have anything, speak against the store.
 */
async function checkLearned(store: Store, { learned }: BackendState, fetch: Fetch): Promise<HealthReport> {
  const gone: Digest[] = []
  const failures: Digest[] = []
  let last: CheckResult | undefined
  for (const { digest } of learned) {
    const result = await checkStore(store, digest, fetch)
    const tried = { gone, failed: failures }
    if (result.kind === 'passed') return { result, learned: { ...tried, came: digest } }
    if (result === OBJECT_ABSENT) gone.push(digest)
    else if (!result.ofObject) return { result, learned: tried }
    else {
      last = result
      failures.push(digest)
    }
  }
  const isAgainst = last !== undefined && failures.length >= OBJECTS_AGAINST
  const result = isAgainst ? last! : await checkStore(store, undefined, fetch)
  return { result, learned: { gone, failed: failures } }
}

/** A store that could not be asked, or that answered something else, has not told whether it has the object. */
function told(result: CheckResult): { readonly hasPromised?: boolean } {
  if (result === OBJECT_ABSENT) return { hasPromised: false }
  return result.kind === 'passed' ? { hasPromised: true } : {}
}
