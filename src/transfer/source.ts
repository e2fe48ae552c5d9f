/** Somewhere that one blob can be had from. */
export interface Source {
  /** How errors name it, such as `registry.test/images`. */
  readonly location: string
  /**
   * Opens the blob at byte `start`, or at an earlier one where it cannot begin there; `undefined` when it has no such
   * blob. Rejects with `UNREACHABLE` for what may go well another time; with anything else, it is asked no more.
   */
  open(start: number, signal: AbortSignal): Promise<OpenedSource | undefined>
}

/** A blob that comes from a source. */
export interface OpenedSource {
  /** Where the bytes begin. */
  readonly start: number
  /** Bytes of the whole blob, where the source says so. */
  readonly size?: number
  /** A piece of it may be over when the next one is read. */
  readonly body: ReadableStream<Uint8Array>
}

/** What became of an attempt at a source. */
export interface SourceFailure {
  readonly source: Source
  readonly error: unknown
  /** Whether it may go well at the same source another time. */
  readonly passing: boolean
}

/** Says which source to ask: at first, and again after each failure; `undefined` when there is none left. */
export type NextSource = (failure?: SourceFailure) => Source | undefined

/**
 * Sources that are asked in turn, beginning with the first: the one behind the one that failed, and after the last the
 * first again. Those that failed for good are left out.
 */
export function takeTurns(sources: readonly Source[]): NextSource {
  let left = sources
  return (failure) => {
    if (failure === undefined) return left[0]
    const at = left.indexOf(failure.source)
    if (!failure.passing) {
      left = left.toSpliced(at, 1)
      return left[at] ?? left[0]
    }
    return left[at + 1] ?? left[0]
  }
}
