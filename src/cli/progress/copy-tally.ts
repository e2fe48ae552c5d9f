import type { SyncEvent } from '../../replication/events.ts'
import type { WalkEvent } from '../../replication/walk.ts'

export type CopyEvent = SyncEvent | WalkEvent

/** How far a run is, as its events add up. */
export interface CopyTally {
  readonly repositories: { readonly done: number; readonly total: number }
  /** Bytes from the upstream, once for all stores. */
  readonly downloaded: number
  readonly download: number
  readonly stores: readonly StoreTally[]
}

export interface StoreTally {
  readonly store: string
  /** Bytes that were sent, and that there are to send. */
  readonly sent: number
  readonly bytes: number
  /** Blobs and manifests that are stored, and that there are to store. */
  readonly stored: number
  readonly total: number
}

export const EMPTY_TALLY: CopyTally = {
  repositories: { done: 0, total: 0 },
  downloaded: 0,
  download: 0,
  stores: [],
}

/** The tally after one more event. */
export function addToTally(tally: CopyTally, event: CopyEvent): CopyTally {
  switch (event.kind) {
    case 'repository':
      return { ...tally, repositories: { done: event.done, total: event.total } }
    case 'planned':
      return {
        ...tally,
        download: event.download.bytes,
        stores: event.stores.map(({ store, bytes, blobs, manifests }) => ({
          store,
          sent: 0,
          bytes,
          stored: 0,
          total: blobs + manifests,
        })),
      }
    case 'downloaded':
      return { ...tally, downloaded: tally.downloaded + event.bytes }
    case 'uploaded':
      return changeStore(tally, event.store, ({ sent }) => ({ sent: sent + event.bytes }))
    case 'stored':
      return changeStore(tally, event.store, ({ stored }) => ({ stored: stored + 1 }))
    default:
      return tally
  }
}

function changeStore(
  tally: CopyTally,
  id: string,
  change: (store: StoreTally) => Partial<StoreTally>,
): CopyTally {
  return {
    ...tally,
    stores: tally.stores.map((store) => (store.store === id ? { ...store, ...change(store) } : store)),
  }
}
