import type { PlannedContent, SyncFault } from './events.ts'
import type { Checked } from './spot-check.ts'

/** What a sync did; plain data, ready for JSON. */
export interface SyncReport {
  /** True when it was told to end before it was done. */
  readonly interrupted: boolean
  /** True when it was only to say what it would do. */
  readonly dryRun: boolean
  /** Reachable from the chosen tags. */
  readonly images: number
  readonly manifests: number
  readonly blobs: number
  /** What had to be downloaded, once for all stores. */
  readonly download: PlannedContent
  /** Bytes that came from the upstream, those that came twice included. */
  readonly downloaded: number
  readonly stores: readonly StoreReport[]
  readonly faults: readonly SyncFault[]
}

export interface StoreReport {
  readonly store: string
  readonly location: string
  /** What was looked at again of what it was believed to hold. */
  readonly checked: Checked
  /** What it lacked at the beginning. */
  readonly planned: ContentCount
  /** What was stored and verified. */
  readonly stored: ContentCount
  /** Blobs and manifests that could not be stored; of those that a run did not come to, it says nothing. */
  readonly failed: number
  /** Manifests that were not stored since something that they name is not there. */
  readonly withheld: number
  /** Blobs and manifests that it is known to hold now. */
  readonly held: number
  /** Blobs and manifests that it lacks of what is known to be reachable; absent when it did not say what it holds. */
  readonly lacking?: number
  /** Whether everything that is reachable is known to be there; never where something could not be read at the upstream. */
  readonly complete: boolean
}

export interface ContentCount extends PlannedContent {
  readonly manifests: number
}
