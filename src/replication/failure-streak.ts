/** Counts failures in a row, so that one who is down is not asked for each of a hundred thousand blobs. */
export interface FailureStreak {
  /** Whether it was ever so long that nothing more is asked. */
  readonly tooLong: boolean
  /** Ends it. */
  succeeded(): void
  /** Whether it has become too long just now. */
  failed(): boolean
}

/** How many failures in a row are borne. */
export const MAX_FAILURES = 5

export function createFailureStreak(): FailureStreak {
  let failures = 0
  let tooLong = false
  return {
    get tooLong() {
      return tooLong
    },
    succeeded() {
      failures = 0
    },
    failed() {
      failures++
      if (tooLong || failures < MAX_FAILURES) return false
      tooLong = true
      return true
    },
  }
}
