import type { Semaphore } from '../internal/semaphore.ts'
import type { Digest } from '../oci/digest.ts'
import type { Download } from '../transfer/download.ts'
import type { Spool } from '../transfer/spool.ts'
import type { DeliveryParts } from './deliver.ts'
import type { FailureStreak } from './failure-streak.ts'
import type { ReachableBlob, ReachableManifest } from './reachable.ts'

/** Blobs up to this size never touch the disk, and are written in one request. */
export const SMALL_BYTES = 1024 * 1024

/** What a run brings content to: a store, or a registry with all of its repositories. */
export interface Recipient {
  readonly id: string
  /** With its kind, such as `store paris`. */
  readonly title: string
  /** It has places of its own, so that a slow one takes none away from the others. */
  readonly places: Semaphore
  readonly failures: FailureStreak
  readonly planned: Counter
  readonly stored: Counter
  failed: number
  withheld: number
  /** How it lacks a blob; `undefined` where it lacks it nowhere. */
  lacks(digest: Digest): Lack | undefined
  /** Has a blob everywhere without being sent its bytes, where it can; false when something still lacks it. */
  spread?(blob: ReachableBlob, parts: DeliveryParts): Promise<boolean>
  /** Takes in a blob and makes sure of it. Rejects with what it did wrong, after several tries, or as the download does. */
  receive(blob: ReachableBlob, arrival: Arrival, parts: DeliveryParts): Promise<void>
  /** Whether a later run can go on with what was sent of a blob. */
  mayResume(digest: Digest, parts: DeliveryParts): boolean
}

/** Where manifests are brought to: a store, or one repository of a registry. */
export interface ManifestRecipient {
  readonly recipient: Recipient
  /** Whether a blob or manifest is there. */
  holds(digest: Digest): boolean
  receiveManifest(manifest: ReachableManifest, bytes: Uint8Array, parts: DeliveryParts): Promise<void>
}

/** How a blob is lacking. */
export interface Lack {
  /** In one store, or in so many repositories of a registry. */
  readonly places: number
  /** Whether its bytes have to be sent there. */
  readonly isNowhere: boolean
}

/** A blob that comes in. */
export interface Arrival {
  readonly spool: Spool
  readonly download: Download
  /** Says once whether an object may be the spool's very file. */
  readonly mayBeSpool: () => boolean
}

/** A {@link ContentCount} that grows. */
export interface Counter {
  blobs: number
  manifests: number
  bytes: number
}

/** A count of nothing. */
export function zero(): Counter {
  return { blobs: 0, manifests: 0, bytes: 0 }
}
