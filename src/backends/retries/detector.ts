import type { Address } from '../../net/address.ts'
import type { Runtime } from '../../runtime.ts'
import { type Attempt, type RetryVerdict, VERDICTS } from './attempt.ts'
import type { AttemptRecord } from './attempt-records.ts'
import { RetryMemory } from './memory.ts'
import type { RetryCounts, RetryOutlier } from './store-watch.ts'
import { END_OF_TIME } from './times.ts'

/** 200 GiB; at some 0.08 USD a GiB, a mistake costs at most 16 USD a store and hour. */
const MAX_MOVED_BYTES = 200 * 2 ** 30

export interface RetryBounds {
  /** Bytes that clients may be sent elsewhere for, for each store and hour; 200 GiB by default. */
  readonly maxMovedBytes?: number
}

/** What the detector says of itself. */
export interface RetryStatus {
  /** The share of all requests that one address brings, from 0 up to 1, when it is not gone by because of that. */
  readonly mutedShare: number | undefined
  readonly stores: readonly RetryStoreStatus[]
}

/** What it says of one store. */
export interface RetryStoreStatus extends RetryCounts {
  readonly store: string
  /** Bytes that clients were sent elsewhere for, within the hour. */
  readonly movedBytes: number
}

/** Notices clients that come back for the same content, and says which of them a store fails. */
export interface RetryDetector {
  /** Takes note of a client that is about to be sent to a store for a blob (GET only), and says whether it should be. */
  note(attempt: Attempt): RetryVerdict
  /** Takes note of a manifest handed out, by tag or digest: the same again soon is a pull that began again. */
  noteManifest(address: Address, repository: string, reference: string): void
  /** Takes note of what another process of this service was asked so many milliseconds ago, as if it had been asked here. */
  replay(record: AttemptRecord): void
  /** Whether more clients come back to a store than usual. */
  outlier(store: string): RetryOutlier | undefined
  status(): RetryStatus
  /** Forgets the stores that are not among these ids. */
  keep(stores: ReadonlySet<string>): void
}

/** A detector that knows what it is told: its promises hold for each replica by itself. */
export function createRetryDetector(
  { now: clock, random, log }: Pick<Runtime, 'now' | 'random' | 'log'>,
  { maxMovedBytes = MAX_MOVED_BYTES }: RetryBounds = {},
): RetryDetector {
  let begunAt = clock()
  /** Made for the first request: its 5 MB are of no use to a door that has none. */
  let memory: RetryMemory | undefined
  let isMuting = false

  function elapsed(): number {
    const time = clock() - begunAt
    if (time < END_OF_TIME) return time | 0
    begunAt = clock()
    memory = undefined
    return 0
  }
  function remembering(): RetryMemory {
    memory ??= new RetryMemory(random, maxMovedBytes)
    return memory
  }
  function reportMuting(share: number | undefined): void {
    isMuting = share !== undefined
    if (isMuting) log.warn({ share }, 'one address hides many clients; it is not watched for retries')
    else log.info({}, 'no address hides most clients any more; all are watched for retries')
  }

  return {
    note(attempt) {
      if (isLook(attempt)) return VERDICTS.first
      const now = elapsed()
      const remembered = remembering()
      const verdict = remembered.note(attempt, now)
      const { mutedShare } = remembered
      if ((mutedShare !== undefined) !== isMuting) reportMuting(mutedShare)
      return verdict
    },
    noteManifest(address, repository, reference) {
      const now = elapsed()
      remembering().noteManifest(address, repository, reference, now)
    },
    replay(record) {
      const at = elapsed() - record.age
      if (record.kind === 'blob') remembering().note(record.attempt, at)
      else remembering().noteManifest(record.address, record.repository, record.reference, at)
    },
    outlier(store) {
      const now = elapsed()
      return memory?.stores.peek(store)?.watch.outlier(now)
    },
    status() {
      const now = elapsed()
      return {
        mutedShare: memory?.mutedShare,
        stores: (memory?.stores.entries() ?? []).map(([store, { watch, budget }]) => ({
          store,
          ...watch.counts(now),
          movedBytes: budget.spent(now),
        })),
      }
    },
    keep: (stores) => memory?.stores.keep(stores),
  }
}

/** The first bytes and no more: a look whether it is there, which some repeat every minute, and no attempt. */
export function isLook({ open, start }: Pick<Attempt, 'open' | 'start'>): boolean {
  return !open && start === 0
}
