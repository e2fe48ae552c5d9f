import { Semaphore } from '../internal/semaphore.ts'
import { createFailureStreak, type FailureStreak } from './failure-streak.ts'
import type { Holdings } from './holdings.ts'
import type { Checked } from './spot-check.ts'
import type { StoreClaim } from './store-writer.ts'
import type { Target } from './target.ts'

/** What one run does with one store. */
export interface StoreWork {
  readonly target: Target
  readonly holdings: Holdings
  /** What was looked at again of what it was believed to hold. */
  readonly checked: Checked
  /** By what its inventory may be written. */
  readonly claim: StoreClaim
  /** A store has places of its own, so that a slow one takes none away from the others. */
  readonly places: Semaphore
  readonly failures: FailureStreak
  readonly planned: Counter
  readonly stored: Counter
  failed: number
  withheld: number
}

/** A {@link ContentCount} that grows. */
export interface Counter {
  blobs: number
  manifests: number
  bytes: number
}

export function createStoreWork(
  target: Target,
  holdings: Holdings,
  { concurrency, checked, claim }: Pick<StoreWork, 'checked' | 'claim'> & { readonly concurrency: number },
): StoreWork {
  const zero = () => ({ blobs: 0, manifests: 0, bytes: 0 })
  return {
    target,
    holdings,
    checked,
    claim,
    places: new Semaphore(concurrency),
    failures: createFailureStreak(),
    planned: zero(),
    stored: zero(),
    failed: 0,
    withheld: 0,
  }
}
