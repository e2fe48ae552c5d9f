import pLimit from 'p-limit'
import { PortolanError } from '../errors.ts'
import type { Spool, Workspace } from '../storage/workspace.ts'
import { contentHeaders, type DeliveryParts, deliverBytes, deliverSpool } from './deliver.ts'
import { type Download, type DownloadParts, isWrong, startDownload } from './download.ts'
import type { FaultLog } from './fault-log.ts'
import { createMemorySpool } from './memory-spool.ts'
import { createPatience, MAX_FAILURES } from './patience.ts'
import type { PlannedBlob } from './plan.ts'
import type { ReachableBlob } from './reachable.ts'
import { createRoom } from './room.ts'
import type { StoreWork } from './store-work.ts'

export interface CopyParts {
  readonly workspace: Workspace
  readonly download: Omit<DownloadParts, 'onBytes'>
  readonly delivery: DeliveryParts
  readonly faults: FaultLog
  /** Blobs that are downloaded at once, and blobs that are uploaded at once to each store. */
  readonly concurrency: number
  readonly onDownloaded: (blob: ReachableBlob, bytes: number) => void
  readonly onStored: (store: StoreWork, blob: ReachableBlob, size: number) => Promise<void>
  readonly onWarning: (message: string) => void
}

/** Blobs up to this size never touch the disk, and are written to a store in one request. */
const SMALL_BYTES = 1024 * 1024
/** How far the slowest store may fall behind before the others wait for it. */
const MEMORY_ROOM = { things: 1024, bytes: 64 * 1024 * 1024 }
const DISK_ROOM = { things: 256, bytes: 64 * 1024 * 1024 * 1024 }
/** Downloads of one blob, when what came first was wrong. */
const MAX_DOWNLOADS = 2

/** A copy that is under way; none of it rejects, since what fails is written down and the rest goes on. */
export interface BlobCopy {
  /** Resolves when a store has all that it will get: a slow one holds up nobody else. */
  of(store: StoreWork): Promise<void>
  /** Resolves when everything has ended. */
  readonly all: Promise<void>
}

/** Downloads each blob once and stores it in all the stores that lack it. */
export function copyBlobs(blobs: readonly PlannedBlob[], parts: CopyParts): BlobCopy {
  const downloads = pLimit(parts.concurrency)
  const rooms = { memory: createRoom(MEMORY_ROOM), disk: createRoom(DISK_ROOM) }
  const upstream = createPatience()
  const ends = new Map<StoreWork, Promise<void>[]>()
  const cleanUps: Promise<void>[] = []

  const copy = async (
    { blob, stores: lacking }: PlannedBlob,
    ended: (store: StoreWork) => void,
  ): Promise<void> => {
    const { stop } = parts.download
    const small = blob.size !== undefined && blob.size <= SMALL_BYTES
    const leaveRoom = await rooms[small ? 'memory' : 'disk'].enter(blob.size ?? 0)
    const stores = stop.aborted || upstream.lost ? [] : lacking.filter(({ patience }) => !patience.lost)
    for (const store of lacking.filter((each) => !stores.includes(each))) {
      if (!stop.aborted) store.failed++
      ended(store)
    }
    if (stores.length === 0) return leaveRoom()

    let spool: Spool | undefined
    const cleanUp = async (keep: boolean) => {
      // A file that cannot be removed now is removed by a later run.
      await (keep ? spool?.close() : spool?.remove())?.catch(() => {})
      leaveRoom()
    }
    try {
      spool = small ? createMemorySpool() : await parts.workspace.spool(blob.digest)
      const deliveries = await bring(blob, stores, spool, parts)
      upstream.succeeded()
      const settled = stores.map(async (store, index) => {
        const delivery = await deliveries[index]!
        record(store, blob, delivery, parts)
        ended(store)
        return delivery
      })
      cleanUps.push(Promise.all(settled).then((all) => cleanUp(all.some(({ resumable }) => resumable))))
    } catch (error) {
      const unreachable = !(error instanceof PortolanError) || error.code === 'UNREACHABLE'
      // A spool that will do for the next run is left to it; one that filled the disk is not.
      await cleanUp(stop.aborted || unreachable)
      if (!stop.aborted) {
        for (const store of stores) store.failed++
        parts.faults.add(error, { digest: blob.digest })
        if (unreachable && upstream.failed()) parts.faults.add(gaveUpUpstream(parts), {})
      }
      for (const store of stores) ended(store)
    }
  }

  const begun = blobs.map((planned) => {
    const resolvers = new Map(planned.stores.map((store) => [store, Promise.withResolvers<void>()]))
    for (const [store, { promise }] of resolvers) {
      const all = ends.get(store) ?? []
      ends.set(store, all)
      all.push(promise)
    }
    return downloads(copy, planned, (store) => resolvers.get(store)!.resolve())
  })
  return {
    of: async (store) => {
      await Promise.all(ends.get(store) ?? [])
    },
    all: Promise.all(begun).then(async () => {
      await Promise.all(cleanUps)
    }),
  }
}

/** What became of a blob in one store. */
interface Delivery {
  readonly outcome: 'stored' | 'failed' | 'interrupted' | 'given up'
  readonly error?: unknown
  /** Whether the next run can go on with what is in the spool and in the store. */
  readonly resumable?: boolean
}

/** Downloads a blob; resolves when it is there and right, with what each store will make of it. */
async function bring(
  blob: ReachableBlob,
  stores: readonly StoreWork[],
  spool: Spool,
  parts: CopyParts,
): Promise<readonly Promise<Delivery>[]> {
  const onBytes = (bytes: number) => parts.onDownloaded(blob, bytes)
  for (let downloads = 1; ; downloads++) {
    const download = startDownload(blob, spool, { ...parts.download, onBytes })
    const deliveries = stores.map((store) => store.limit(() => deliver(store, blob, spool, download, parts)))
    try {
      await download.ended
      return deliveries
    } catch (error) {
      // Nobody may read on in a spool that is emptied or closed.
      await Promise.all(deliveries)
      if (!isWrong(error)) throw error
      await spool.clear()
      if (downloads === MAX_DOWNLOADS || parts.download.stop.aborted) throw error
      parts.onWarning(`${error.message}; it is downloaded again`)
    }
  }
}

/** Never rejects: what a store does wrong is its own affair. */
async function deliver(
  store: StoreWork,
  blob: ReachableBlob,
  spool: Spool,
  download: Download,
  parts: CopyParts,
): Promise<Delivery> {
  const { target, patience } = store
  const { stop } = parts.download
  const { digest } = blob
  const key = target.blobKey(digest)
  const parcel = { digest, key, headers: contentHeaders() }
  if (patience.lost) return { outcome: 'given up' }
  try {
    const size = await download.size
    if (size <= SMALL_BYTES) {
      await download.ended
      await deliverBytes(target, parcel, await spool.read(0, size), parts.delivery)
    } else {
      await deliverSpool(target, parcel, spool, download, parts.delivery)
    }
    await parts.onStored(store, blob, size)
    return { outcome: 'stored' }
  } catch (error) {
    if (stop.aborted) return { outcome: 'interrupted', resumable: true }
    return { outcome: 'failed', error, resumable: parts.workspace.upload(target.id, digest) !== undefined }
  }
}

function record(
  store: StoreWork,
  { digest }: ReachableBlob,
  { outcome, error }: Delivery,
  { faults }: CopyParts,
): void {
  const { id } = store.target
  if (outcome === 'stored') store.patience.succeeded()
  if (outcome === 'failed' || outcome === 'given up') store.failed++
  if (outcome !== 'failed') return
  faults.add(error, { digest, store: id })
  if (store.patience.failed()) faults.add(gaveUpStore(id), { store: id })
}

function gaveUpStore(store: string): PortolanError {
  return new PortolanError(
    'UNREACHABLE',
    `store ${store} failed ${MAX_FAILURES} times in a row; nothing more is sent to it in this run`,
    { store },
  )
}

function gaveUpUpstream({ download: { upstream } }: CopyParts): PortolanError {
  return new PortolanError(
    'UNREACHABLE',
    `${upstream.location} failed ${MAX_FAILURES} times in a row; nothing more is asked of it in this run`,
  )
}
