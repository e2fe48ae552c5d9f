import type { PortolanError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'

/** What a sync tells while it runs: enough to draw bytes, rate and the time that is left, of each store. */
export type SyncEvent =
  | { readonly kind: 'walked'; readonly images: number; readonly manifests: number; readonly blobs: number }
  | {
      readonly kind: 'planned'
      /** What is downloaded once for all stores; bytes of blobs whose size nobody says are not in it. */
      readonly download: PlannedContent
      readonly stores: readonly PlannedStore[]
    }
  | { readonly kind: 'downloaded'; readonly digest: Digest; readonly bytes: number }
  /** The sum of them is how far a store is: fewer than 0 bytes where an upload has to begin again. */
  | { readonly kind: 'uploaded'; readonly store: string; readonly digest: Digest; readonly bytes: number }
  | { readonly kind: 'stored'; readonly store: string; readonly digest: Digest; readonly size: number }
  | { readonly kind: 'failed'; readonly fault: SyncFault }
  /** Something that was put right, or that may explain a failure that follows. */
  | { readonly kind: 'warning'; readonly message: string; readonly store?: string }
  | { readonly kind: 'finished'; readonly interrupted: boolean }

export interface PlannedContent {
  readonly blobs: number
  readonly bytes: number
}

export interface PlannedStore extends PlannedContent {
  /** The id of a store or, where a registry is filled, of an upstream; so in all that a sync tells. */
  readonly store: string
  readonly manifests: number
}

/** Why something is not where it should be; plain data. */
export interface SyncFault {
  readonly code: PortolanError['code']
  readonly message: string
  readonly digest?: Digest
  /** Absent when the upstream is at fault, and so every store that lacks it. */
  readonly store?: string
  /** `NAME:TAG` of the images that it is part of, the first few. */
  readonly images?: readonly string[]
}
