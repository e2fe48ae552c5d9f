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
  /** Upstreams that are filled. */
  readonly registries: readonly RegistryReport[]
  readonly faults: readonly SyncFault[]
}

export interface StoreReport {
  /** The id of a store or, in a {@link RegistryReport}, of an upstream. */
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

/** What a sync did with a registry. Content counts once for each repository that it is in. */
export interface RegistryReport extends StoreReport {
  /** Tags that were wrong or not there at the beginning, and those that were set. */
  readonly tags: { readonly planned: number; readonly set: number }
  /** Blobs that came from another repository of it, without their bytes. */
  readonly mounted: number
  /**
   * Tags that it has beside the chosen ones, as `NAME:TAG`: gone from the upstream, left out, or somebody else's. They are left
   * as they are; those of signatures are not among them. Absent where not all tags of the upstream could be read.
   */
  readonly otherTags?: { readonly count: number; readonly first: readonly string[] }
}

export interface ContentCount extends PlannedContent {
  readonly manifests: number
}
