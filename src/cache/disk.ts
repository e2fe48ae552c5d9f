import type { Digest } from '../oci/digest.ts'
import type { Spool } from '../transfer/spool.ts'

/** A place for a cache, which one process at a time has. */
export interface CacheDisk {
  /** How errors name it. */
  readonly location: string
  /**
   * Takes it, makes what is missing of it, and finds what is there; `records` reads what was recorded. Rejects with
   * `FILE_UNWRITABLE`, where another process has it with that as the fact `holder`. `onWait` is told when it cannot be
   * seen whether another one has it still, so that it has to be watched for some time.
   */
  mount(records: RecordedLines, onWait: (message: string) => void): Promise<CacheVolume>
}

/** Lines that say what is known, and that are kept beside the contents. */
export interface RecordedLines {
  /** Takes in one line, which may be anything that JSON can say. */
  read(line: unknown): void
  /** The fewest lines that say the same. */
  lines(): Iterable<object>
}

/**
 * A disk that this process has until it is closed. What cannot be written rejects with `FILE_UNWRITABLE`, what cannot be
 * read with `FILE_UNREADABLE`; their fact `reason` is the system's code, such as `ENOSPC`.
 */
export interface CacheVolume {
  /** Contents that were there when it was taken. */
  readonly contents: readonly FoundContent[]
  /** Downloads that were begun before, and can be gone on with. */
  readonly partials: readonly FoundPartial[]
  /** Aborted with `LEASE_LOST` when somebody else has it, or may have it. */
  readonly lost: AbortSignal
  /** Whether it can be written; rejects when it cannot. */
  probe(): Promise<void>

  /** Opens what there is of a content on its way, or begins it. */
  partial(digest: Digest): Promise<Spool>
  /** Makes a whole partial content, which its caller has verified, the content: after a crash it is that or not there. */
  commit(digest: Digest): Promise<void>
  removePartial(digest: Digest): Promise<void>
  /** Keeps a small content, which its caller has verified. */
  write(digest: Digest, bytes: Uint8Array): Promise<void>

  /** Opens a content; `undefined` when it is not there. */
  open(digest: Digest): Promise<OpenContent | undefined>
  remove(digest: Digest): Promise<void>
  /** Notes when it was used and verified last, both in milliseconds since 1970. */
  mark(digest: Digest, times: ContentTimes): Promise<void>

  /** Records a line; resolves when it outlives the process. */
  record(line: object): Promise<void>
  /** Writes all that is recorded anew, after lines that were lost. */
  rewriteRecords(): Promise<void>
  close(): Promise<void>
}

export interface ContentTimes {
  readonly used: number
  readonly verified: number
}

export interface FoundContent extends ContentTimes {
  readonly digest: Digest
  readonly size: number
}

export interface FoundPartial {
  readonly digest: Digest
  /** Bytes that are there. */
  readonly length: number
  /** When they came, in milliseconds since 1970. */
  readonly changed: number
}

/** A content that is open for reading; it can be read even when its name is gone. */
export interface OpenContent {
  readonly size: number
  readonly descriptor: number
  /** Where it lies below the place; absent where nobody but us can read it. */
  readonly path?: string
  /** Up to `end`, or fewer bytes when there are no more; in `into` where that is given and large enough. */
  read(start: number, end: number, into?: Uint8Array): Promise<Uint8Array>
  close(): void
}
