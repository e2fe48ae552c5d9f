/** Counts failures in a row, so that one who is down is not asked for each of a hundred thousand blobs. */
export interface Patience {
  /** Whether it has failed too often. */
  readonly lost: boolean
  succeeded(): void
  /** Whether patience was lost just now. */
  failed(): boolean
}

/** How many failures in a row are borne. */
export const MAX_FAILURES = 5

export function createPatience(): Patience {
  let failures = 0
  let lost = false
  return {
    get lost() {
      return lost
    },
    succeeded() {
      failures = 0
    },
    failed() {
      failures++
      if (lost || failures < MAX_FAILURES) return false
      lost = true
      return true
    },
  }
}
