import type { Fetch, Runtime } from '../../runtime.ts'
import { type CheckResult, failedHard } from '../health/check-result.ts'
import { fetchOwnership } from './fetch-ownership.ts'
import type { OwnershipFault } from './ownership.ts'
import type { OwnershipKey } from './ownership-key.ts'

/** By what the operator's own stores are told from a stranger's. */
export interface OwnershipPolicy {
  readonly publicKey: OwnershipKey
  /** How old a proof may be, in milliseconds. */
  readonly maxAge: number
}

/** What a store has to prove, and where. */
export interface OwnershipClaim extends OwnershipPolicy {
  /** The store's URL. */
  readonly url: string
  /** The id that its proof must name. */
  readonly store: string
}

/** How a store's proof stands, as plain data. */
export interface OwnershipStatus {
  /** `unchecked` also while the store does not say whether it has a proof, if it has not shown one before. */
  readonly status: 'unchecked' | 'proven' | 'refused'
  /** When a proof that holds was signed, and when it is too old, in milliseconds since 1970. */
  readonly issued?: number
  readonly expires?: number
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
      const { issued } = finding
      const recheckAt = now() + RECHECK * (1 - JITTER + 2 * JITTER * random())
      return { status: { status: 'proven', issued, expires: issued + claim.maxAge, recheckAt } }
    }
  }
}
