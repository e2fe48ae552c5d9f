import type { Fetch, Runtime } from '../../runtime.ts'
import { type CheckResult, failedHard } from '../health/check-result.ts'
import { fetchOwnership } from './fetch-ownership.ts'
import type { OwnershipFault, ProvenInventory } from './ownership.ts'
import type { OwnershipPolicy } from './ownership-policy.ts'

/** What a store has to prove, and where. */
export interface OwnershipClaim extends OwnershipPolicy {
  /** The store's URL. */
  readonly url: string
  /** The id that its proof must name. */
  readonly store: string
  /** The URL that its proof must name: that of the store whose proof it serves. */
  readonly storeUrl: string
}

/** How a store's proof stands, as plain data. */
export interface OwnershipStatus {
  /** `unchecked` also while the store does not say whether it has a proof, if it has not shown one before. */
  readonly status: 'unchecked' | 'proven' | 'refused'
  /** When a proof that holds was signed, and when it is too old, in milliseconds since 1970. */
  readonly issued?: number
  readonly expires?: number
  /** The only inventory that it may show; absent where the proof is of version 1, and names none. */
  readonly inventory?: ProvenInventory
  readonly because?: OwnershipFault | 'missing'
  readonly why?: string
  /** When it is to be looked at again, by the runtime's clock. */
  readonly recheckAt: number
}

export const UNCHECKED: OwnershipStatus = { status: 'unchecked', recheckAt: 0 }

/** What looking at a proof gave: how it stands now, and what speaks against sending clients to the store. */
export interface OwnershipReport {
  readonly status: OwnershipStatus
  /** Absent when the proof holds. */
  readonly failure?: CheckResult
}

/** A proof that held is fetched again after this long, in milliseconds, a fifth less or more. */
const RECHECK = 300_000
const JITTER = 0.2

/**
 * Demands the proof of a store, of which `before` is known; one that held lately is not fetched again. Never rejects;
 * ends when `fetch` does.
 */
export async function examineOwnership(
  claim: OwnershipClaim,
  before: OwnershipStatus,
  fetch: Fetch,
  { now, date, random }: Pick<Runtime, 'now' | 'date' | 'random'>,
): Promise<OwnershipReport> {
  const today = date().getTime()
  const holds = before.status === 'proven' && today <= before.expires!
  if (holds && now() < before.recheckAt) return { status: before }
  const finding = await fetchOwnership(claim.url, { ...claim, now: today }, fetch)
  switch (finding.kind) {
    case 'unreached':
      return { status: before, failure: finding.failure }
    case 'refused': {
      const { because, why } = finding
      return {
        status: { status: 'refused', because, why, recheckAt: now() },
        failure: failedHard(`no proof of ownership: ${why}`),
      }
    }
    case 'proven': {
      const recheckAt = now() + RECHECK * (1 - JITTER + 2 * JITTER * random())
      // A cache may give an older one than was seen before; and a copy of an older one must not undo the newer.
      if (holds && before.issued! > finding.issued) return { status: { ...before, recheckAt } }
      const { issued, inventory } = finding
      const expires = issued + claim.maxAge
      return {
        status: { status: 'proven', issued, expires, ...(inventory && { inventory }), recheckAt },
      }
    }
  }
}
