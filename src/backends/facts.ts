import type { Digest } from '../oci/digest.ts'
import type { OciRequest } from '../oci/path.ts'
import type { ManifestService } from './health/check-manifest.ts'
import type { CheckResult } from './health/check-result.ts'
import type { HealthState, HealthStatus } from './health/health-state.ts'
import type { InventoryAttempt } from './inventory/store-inventory.ts'
import type { OwnershipStatus } from './ownership/ownership-status.ts'
import type { ProbeFinding } from './presence/probe.ts'
import type { RetryReason } from './retries/attempt.ts'
import type { RetryOutlier } from './retries/store-watch.ts'

/** Something that was learnt of a backend. */
export type Fact =
  /** A health check ended. */
  | { readonly kind: 'checked'; readonly report: HealthReport; readonly milliseconds: number }
  /** A presence probe ended. */
  | {
      readonly kind: 'probed'
      readonly request: OciRequest
      readonly finding: ProbeFinding
      readonly milliseconds: number
      readonly expectation: Expectation
    }
  /** A client came back for a blob, and our own check of it found the same: the store does not deliver it. */
  | { readonly kind: 'undelivered'; readonly digest: Digest }
  /** A client came back for a blob, and our own check found nothing wrong. */
  | { readonly kind: 'delivered'; readonly digest: Digest }
  /** A client came back, and what was made of that. */
  | { readonly kind: 'retried'; readonly reason: RetryReason }
  /** Far more clients come back to the store than usual. */
  | { readonly kind: 'outlier'; readonly outlier: RetryOutlier }
  /** It was looked for a newer inventory; `before` is what was wrong the last time. */
  | {
      readonly kind: 'inventory'
      readonly attempt: InventoryAttempt
      readonly before: string | undefined
    }
  /** A store was tried by a manifest that its inventory lists. */
  | { readonly kind: 'manifestChecked'; readonly service: ManifestService }
  /** Checks of it go on where those of another door ended. */
  | { readonly kind: 'resumed'; readonly health: HealthState; readonly ownership: OwnershipStatus }
  /** The config was put in force again, and says the same of this backend. */
  | { readonly kind: 'reloaded' }
  /** The process that checks for all processes of this service told how the backend stands with it. */
  | { readonly kind: 'told'; readonly standing: Standing }

/** What decisions go by of a backend, for a process that checks nothing itself. */
export interface Standing {
  readonly status: HealthStatus
  /** Whether its inventory is to be believed. */
  readonly believed: boolean
  /** Absent as long as no manifest that its inventory lists has been tried. */
  readonly manifests: ManifestService | undefined
  /** How often it was decided that nothing it was taken to hold is to be believed. */
  readonly forgotten: number
}

/** What a health check found out. */
export interface HealthReport {
  readonly result: CheckResult
  /** How its proof of ownership stands; absent of what has to prove nothing. */
  readonly ownership?: OwnershipStatus
  /** Whether it has the health-check object that its config or its inventory names; absent when that was not told. */
  readonly hasPromised?: boolean
  /** Of what it was seen to have and was tried by: what is gone, what did not come though it is there, and what came. */
  readonly learned?: {
    readonly gone: readonly Digest[]
    readonly failed: readonly Digest[]
    readonly came?: Digest
  }
}

/**
 * Whether somebody said that a store has what it was asked for: its inventory lists it (`listed`); nobody did, since it
 * has no inventory (`possible`); its inventory does not list it (`unlisted`).
 */
export type Expectation = 'listed' | 'possible' | 'unlisted'
