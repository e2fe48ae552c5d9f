/** How a body is read. */
export interface BodyOptions {
  /** Ends it. */
  readonly signal?: AbortSignal | undefined
  /** Whether a piece of the body may be over when the next one is read. */
  readonly lend?: boolean | undefined
}

/** Files that are known by numbers from 1 on, such as the parts of a bundle; read, and never written. */
export interface NumberedFiles {
  /** How to name them to people, such as a folder. */
  readonly location: string
  /** By number: how many bytes each file has. */
  readonly sizes: ReadonlyMap<number, number>
  /**
   * Some bytes of a file, `undefined` when it is not there. Throws `FILE_UNREADABLE`, and `CONTENT_INVALID` when it has
   * another length by now.
   */
  open(
    number: number,
    start: number,
    end: number,
    options?: BodyOptions,
  ): Promise<ReadableStream<Uint8Array> | undefined>
}
