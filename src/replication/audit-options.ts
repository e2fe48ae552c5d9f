import type { OwnershipPolicy } from '../backends/ownership/ownership-policy.ts'
import type { Runtime } from '../runtime.ts'
import type { SampleSize } from './sample-size.ts'

export interface AuditOptions {
  /** Its `fetch` stands for any client, and so is without credentials. */
  readonly runtime: Runtime
  /** How much is downloaded and compared with its digest, and fetched as clients do. */
  readonly content: SampleSize
  /** By what proofs of ownership are judged; absent where nobody asks for any. */
  readonly ownership?: OwnershipPolicy
  /** The ids of stores of which no proof is asked all the same. */
  readonly excused?: ReadonlySet<string>
  /** How many blobs, and how many manifests, are fetched in all the ways that clients have; 4 when it is left out. */
  readonly publicCount?: number
  readonly report?: (event: AuditEvent) => void
  /** Told of each store what is about to be downloaded. */
  readonly announce?: (message: string) => void
  /** Ends the audit when it is aborted: it rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** How far the audit of a store is; `total` is absent while nobody knows it. */
export interface AuditEvent {
  readonly store: string
  readonly step: 'listing' | 'content' | 'public'
  readonly done: number
  readonly total?: number
}
