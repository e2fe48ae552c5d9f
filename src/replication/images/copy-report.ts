import type { PortolanError } from '../../errors.ts'
import type { Digest } from '../../oci/digest.ts'

/** What became of the images of one copy. */
export interface CopyReport {
  readonly images: readonly CopiedImage[]
  /** What went wrong that is of no image in particular, such as a signature that cannot be read: one sentence each. */
  readonly faults: readonly string[]
  /** Whether something went wrong, and all of it is that somebody could not be reached. */
  readonly isUnreachable: boolean
  readonly totals: CopyTotals
}

export interface CopiedImage {
  /** As `HOST/NAME[:TAG][@DIGEST]`, or `oci:FOLDER:NAME:TAG` of a layout. */
  readonly source: string
  readonly target: string
  /** Of what it is; absent when that could not be found out. */
  readonly digest?: Digest
  /** `there` when nothing had to be written; `planned` in a dry run. */
  readonly status: 'copied' | 'there' | 'planned' | 'failed'
  /** Why it failed, and what of it is not known: one sentence each. */
  readonly faults: readonly string[]
}

export interface CopyTotals {
  readonly manifests: number
  /** Blobs that were sent, and their bytes. */
  readonly uploaded: number
  readonly bytes: number
  readonly mounted: number
  /** Blobs that the target had. */
  readonly there: number
}

/** Counts of a copy that is under way. */
export type CopyTally = { -readonly [Key in keyof CopyTotals]: number }

/** A tally of nothing. */
export function emptyTally(): CopyTally {
  return { manifests: 0, uploaded: 0, bytes: 0, mounted: 0, there: 0 }
}

/** Whether there are faults, all of them `UNREACHABLE`: another time may be better. */
export function isUnreachable(faults: readonly PortolanError[]): boolean {
  return faults.length > 0 && faults.every(({ code }) => code === 'UNREACHABLE')
}
