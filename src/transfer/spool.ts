/** Where bytes on their way lie: written at its end, read anywhere, by several at once. */
export interface Spool {
  /** Bytes that are in it. */
  readonly length: number
  /** Where its bytes lie as a file of their own; absent for one that is none. */
  readonly file?: string
  /** Of the open file that it is, where it is one. */
  readonly descriptor?: number
  append(bytes: Uint8Array): Promise<void>
  /** Up to `end`, or fewer bytes when there are no more; in `into` where that is given and large enough. */
  read(start: number, end: number, into?: Uint8Array): Promise<Uint8Array>
  /** Empties it: what is in it turned out to be wrong. */
  clear(): Promise<void>
  /** Closes it and leaves it for another time. */
  close(): Promise<void>
  /** Closes it and deletes it. */
  remove(): Promise<void>
}
