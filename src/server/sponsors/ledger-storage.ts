/** Where a runtime keeps what was spent. */
export interface LedgerStorage {
  /** The whole file; `undefined` where there is none. Rejects when it cannot be read. */
  readonly read: (file: string) => Promise<Uint8Array | undefined>
  /** Puts this in its place, all or nothing. Rejects when it cannot. */
  readonly write: (file: string, bytes: Uint8Array) => Promise<void>
}
