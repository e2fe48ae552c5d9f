import type { Observers } from '../internal/observers.ts'
import type { Digest } from '../oci/digest.ts'
import type { ContentCache } from './content-cache.ts'
import type { CacheEvent, DiskTrouble } from './events.ts'

/** A cache with what its operator sees of it, and can do. */
export interface ManagedCache extends ContentCache {
  readonly events: Pick<Observers<CacheEvent>, 'add'>
  status(): CacheStatus
  /** Says which contents are never dropped, whether they are there yet or not, in place of those said before. */
  setPinned(digests: ReadonlySet<Digest>): void
}

/** How a cache stands; sizes are bytes, times milliseconds since 1970. */
export interface CacheStatus {
  /** Where it is. */
  readonly location: string
  /** How much of the disk it may take. */
  readonly size: number
  /** How much it takes, downloads on their way included. */
  readonly used: number
  readonly contents: { readonly count: number; readonly bytes: number }
  /** Downloads on their way, or left for another time. */
  readonly partials: { readonly bytes: number }
  readonly pinned: { readonly count: number; readonly missing: readonly Digest[] }
  readonly fills: readonly FillStatus[]
  readonly records: { readonly answers: number; readonly links: number }
  /** Absent while the disk does what it should. */
  readonly trouble?: DiskTrouble
}

export interface FillStatus {
  readonly digest: Digest
  /** A repository that has it. */
  readonly name: string
  /** Bytes that are there, and that there will be, where that is known. */
  readonly position: number
  readonly size?: number
}
