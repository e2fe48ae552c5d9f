import type { ListInPieces } from '../../legacy/list-pieces.ts'

/** Where a runtime keeps what belongs to an old name. */
export interface LegacyStorage {
  /** The whole file; `undefined` where there is none. Rejects when it cannot be read, or is no UTF-8. */
  readonly read: (file: string) => Promise<string | undefined>
  /**
   * The list of what an old name has; `undefined` where there is no file. Rejects with `CONTENT_INVALID` when it is none, and
   * otherwise when it cannot be read.
   */
  readonly readList: (file: string) => Promise<ListInPieces | undefined>
  /** What tells one version of a file from the next; `undefined` when it cannot be had. */
  readonly print: (file: string) => Promise<string | undefined>
  /** Puts this in its place, all or nothing. Rejects when it cannot. */
  readonly write: (file: string, text: string) => Promise<void>
}
