import { PortolanError } from '../errors.ts'

/** Counts failures in a row, so that one who is down is not asked for each of a hundred thousand blobs. */
export interface FailureStreak {
  /** Whether it was ever so long that nothing more is asked. */
  readonly tooLong: boolean
  /** Ends it. */
  succeeded(): void
  /** Whether it has become too long just now. */
  failed(): boolean
}

/**
 * Whether a recipient that answers has said no to one content: to what an immutable tag would stand for, or to a manifest
 * that it takes for a wrong one. That says nothing of what it does with others.
 */
export function isRefusedContent(error: unknown): boolean {
  if (!(error instanceof PortolanError) || error.code !== 'STORE_REFUSED') return false
  const { status } = error.facts
  return typeof status === 'number' && status >= 400 && status < 500 && status !== 401 && status !== 403
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
