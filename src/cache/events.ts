import type { Digest } from '../oci/digest.ts'

/** Something that happened in a cache, for metrics and for whoever fetches again what is lost. */
export type CacheEvent =
  /** A download has begun, or goes on behind what an earlier one had brought. */
  | { readonly kind: 'fill begun'; readonly digest: Digest; readonly name: string }
  /** It is kept; in bytes, and in milliseconds since it began. */
  | { readonly kind: 'fill ended'; readonly digest: Digest; readonly size: number; readonly took: number }
  | { readonly kind: 'fill failed'; readonly digest: Digest; readonly error: unknown }
  /** Bytes came from an upstream or a store. */
  | { readonly kind: 'received'; readonly bytes: number }
  /** A content was taken in, by a fill or whole. */
  | { readonly kind: 'kept'; readonly digest: Digest; readonly size: number }
  /** One had to go for others. */
  | { readonly kind: 'evicted'; readonly digest: Digest; readonly size: number }
  /** One was not there any more, or not what it was, and was dropped; whoever wants it always fetches it again. */
  | { readonly kind: 'lost'; readonly digest: Digest; readonly size: number; readonly pinned: boolean }
  /** The disk does not do what it should, or does again. */
  | { readonly kind: 'trouble'; readonly trouble: DiskTrouble | undefined }

/** What keeps a disk from being written. */
export interface DiskTrouble {
  /**
   * The system's code, such as `ENOSPC`; `held` when another process has the disk, `lost` when one may have taken it,
   * `waiting` while one that had it is watched.
   */
  readonly reason: string
  readonly message: string
  /** In milliseconds since 1970. */
  readonly since: number
}
