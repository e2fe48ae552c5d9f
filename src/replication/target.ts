import type { Digest } from '../oci/digest.ts'
import type { ObjectStore } from '../storage/object-store.ts'

/** A store that is filled. */
export interface Target {
  readonly id: string
  readonly objects: ObjectStore
  /** Where clients fetch from it, without a slash at the end. */
  readonly url: string
  /** Key of a blob in `objects`, which is also its path below `url`. */
  blobKey(digest: Digest): string
  /** Key of a manifest by digest; absent when the store keeps none. */
  readonly manifestKey?: (digest: Digest) => string
}
