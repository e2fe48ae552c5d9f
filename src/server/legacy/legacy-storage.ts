/** Where a runtime keeps what belongs to an old name. */
export interface LegacyStorage {
  /** The whole file; `undefined` where there is none. Rejects when it cannot be read, or is no UTF-8. */
  readonly read: (file: string) => Promise<string | undefined>
  /** What tells one version of a file from the next; `undefined` when it cannot be had. */
  readonly print: (file: string) => Promise<string | undefined>
  /** Puts this in its place, all or nothing. Rejects when it cannot. */
  readonly write: (file: string, text: string) => Promise<void>
}
