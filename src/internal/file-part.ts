/**
 * A part of an open file: what a runtime that can has the kernel send, without a byte of it coming through the process.
 * Whoever takes one calls `close` once, whatever becomes of it; or reads `stream` to its end or cancels it instead.
 */
export interface FilePart {
  readonly kind: 'file'
  /** Of the open file, valid until `close`: what is deleted meanwhile can still be read. */
  readonly descriptor: number
  /** Where the part begins, in bytes. */
  readonly start: number
  /** The first byte beyond it. A file that is shorter by now fails the answer. */
  readonly end: number
  /** Of a file that is still being written. */
  readonly growth?: FileGrowth
  /** Where the file lies below the folder of its owner, for a server in front that sends it itself. */
  readonly path?: string
  /** The same bytes, for who can do nothing with a descriptor; closes once they are read, given up, or cannot be read. */
  stream(): ReadableStream<Uint8Array>
  /** Lets the file go; a second time changes nothing. */
  close(): void
}

/** How far a file can be read that is still being written. */
export interface FileGrowth {
  /** The first byte that cannot be read yet. */
  readonly position: number
  /** Resolves when there are bytes beyond a position; rejects when there will be none. */
  passed(position: number): Promise<void>
  /** Where else the bytes from a position on come from, when the file fails with this; `undefined` where from nowhere. */
  rest(position: number, error: unknown): ReadableStream<Uint8Array> | undefined
}

export function isFilePart(body: unknown): body is FilePart {
  return typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'file'
}
