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
  /** Begins to compare all contents with their digests, and drops those that are not what they were. */
  verify(): VerifyStatus
  /** Drops contents that are neither in use nor pinned. Rejects with `FILE_UNWRITABLE`. */
  evict(choice: EvictionChoice): Promise<Eviction>
}

/** Which contents are to go; all of these conditions hold for one that does. */
export interface EvictionChoice {
  /** These alone. */
  readonly digests?: readonly Digest[]
  /** Not used for so many milliseconds. */
  readonly unusedFor?: number
  /** Until so many bytes are free, those first that were not used for the longest time. */
  readonly bytes?: number
}

/** What became of contents that were to go. */
export interface Eviction {
  readonly count: number
  readonly bytes: number
  /** How many had to stay, since they are read or pinned. */
  readonly kept: number
}

/** How far a comparison of all contents is; sizes are bytes, times milliseconds since 1970. */
export interface VerifyStatus {
  readonly began: number
  /** Absent while it goes on. */
  readonly ended?: number
  /** How many contents there are to compare, and how many were compared. */
  readonly of: number
  readonly checked: number
  readonly bytes: number
  /** How many were not what they should be, or could not be read. */
  readonly lost: number
  /** The first of them. */
  readonly names: readonly Digest[]
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
  /** Contents that are never dropped, and how many of them are not here. */
  readonly pinned: { readonly count: number; readonly missing: number }
  readonly fills: readonly FillStatus[]
  readonly records: { readonly answers: number; readonly links: number }
  /** Of the last comparison of all contents that was asked for. */
  readonly verify?: VerifyStatus
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
