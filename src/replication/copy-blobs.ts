import { PortolanError } from '../errors.ts'
import { Semaphore } from '../internal/semaphore.ts'
import type { Registry } from '../registry/reader.ts'
import type { Runtime } from '../runtime.ts'
import { createMemorySpool } from '../storage/memory/memory-spool.ts'
import type { Workspace } from '../storage/workspace.ts'
import { type Download, startDownload } from '../transfer/download.ts'
import type { Spool } from '../transfer/spool.ts'
import { isPassing, isWrong } from '../transfer/transfer-error.ts'
import { BlobSources } from './blob-sources.ts'
import { type ByteBudget, createByteBudget } from './byte-budget.ts'
import { contentHeaders, type DeliveryParts, deliverBytes, deliverSpool } from './deliver.ts'
import { createFailureStreak, type FailureStreak, MAX_FAILURES } from './failure-streak.ts'
import type { FaultLog } from './fault-log.ts'
import type { PlannedBlob } from './plan.ts'
import type { ReachableBlob } from './reachable.ts'
import type { StoreWork } from './store-work.ts'

export interface CopyParts {
  readonly runtime: Runtime
  readonly upstream: Registry
  readonly workspace: Workspace
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
const MEMORY_LIMIT = { things: 1024, bytes: 64 * 1024 * 1024 }
const DISK_LIMIT = { things: 256, bytes: 64 * 1024 * 1024 * 1024 }

/** A copy that is under way; none of it rejects, since what fails is written down and the rest goes on. */
export interface BlobCopy {
  /** Resolves when a store has all that it will get: a slow one holds up nobody else. */
  of(store: StoreWork): Promise<void>
  /** Resolves when everything has ended. */
  readonly all: Promise<void>
}

/** Downloads each blob once and stores it in all the stores that lack it. */
export function copyBlobs(blobs: readonly PlannedBlob[], parts: CopyParts): BlobCopy {
  const downloads = new Semaphore(parts.concurrency)
  const copying: Copying = {
    parts,
    memory: createByteBudget(MEMORY_LIMIT),
    disk: createByteBudget(DISK_LIMIT),
    upstream: createFailureStreak(),
    cleanUps: [],
  }
  const ends = new Map<StoreWork, Promise<void>[]>()
  const begun = blobs.map((planned) => {
    const resolvers = new Map(planned.stores.map((store) => [store, Promise.withResolvers<void>()]))
    for (const [store, { promise }] of resolvers) {
      const all = ends.get(store) ?? []
      ends.set(store, all)
      all.push(promise)
    }
    return downloads.run(() => copyBlob(planned, (store) => resolvers.get(store)!.resolve(), copying))
  })
  return {
    of: async (store) => {
      await Promise.all(ends.get(store) ?? [])
    },
    all: Promise.all(begun).then(async () => {
      await Promise.all(copying.cleanUps)
    }),
  }
}

/** What all blobs of one copy share. */
interface Copying {
  readonly parts: CopyParts
  readonly memory: ByteBudget
  readonly disk: ByteBudget
  readonly upstream: FailureStreak
  /** Of the spools that slow stores still read. */
  readonly cleanUps: Promise<void>[]
}

/** Resolves when the blob is downloaded; a store may still be reading it then. `ended` is called for each store. */
async function copyBlob(
  { blob, stores: lacking }: PlannedBlob,
  ended: (store: StoreWork) => void,
  copying: Copying,
): Promise<void> {
  const { parts, upstream, cleanUps } = copying
  const { stop } = parts.delivery.interruption
  const small = blob.size !== undefined && blob.size <= SMALL_BYTES
  const release = await copying[small ? 'memory' : 'disk'](blob.size ?? 0)
  const stores = stop.aborted || upstream.tooLong ? [] : lacking.filter(({ failures }) => !failures.tooLong)
  for (const store of lacking.filter((each) => !stores.includes(each))) {
    if (!stop.aborted) store.failed++
    ended(store)
  }
  if (stores.length === 0) return release()

  let spool: Spool | undefined
  const cleanUp = async (keep: boolean) => {
    // A file that cannot be removed now is removed by a later run.
    await (keep ? spool?.close() : spool?.remove())?.catch(() => {})
    release()
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
    // A spool that will do for the next run is left to it; one that filled the disk is not.
    await cleanUp(stop.aborted || isPassing(error))
    if (!stop.aborted) recordUndelivered(blob, stores, error, copying)
    for (const store of stores) ended(store)
  }
}

/** Writes down that a blob could not be brought, for none of the stores. */
function recordUndelivered(
  { digest }: ReachableBlob,
  stores: readonly StoreWork[],
  error: unknown,
  { parts, upstream }: Copying,
): void {
  for (const store of stores) store.failed++
  parts.faults.add(error, { digest })
  if (isPassing(error) && upstream.failed()) parts.faults.add(gaveUpUpstream(parts), {})
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
  const { runtime, upstream } = parts
  const { stop } = parts.delivery.interruption
  const onBytes = (bytes: number) => parts.onDownloaded(blob, bytes)
  const sources = new BlobSources(blob, upstream)
  // One store may have the very file; what others have are copies, each compared for itself.
  let given = false
  const mayBeSpool = () => {
    const before = given
    given = true
    return !before
  }
  const { names: name, breaks } = sources
  for (;;) {
    // A file that becomes an object is compared as it lies there, once for both.
    const hash = spool.file === undefined ? 'coming' : 'lying'
    const options = { sources: sources.begin(), stop, onBytes, breaks, hash } as const
    const download = startDownload(runtime, { ...blob, name }, spool, options)
    const deliveries = stores.map((store) =>
      store.places.run(() => deliver(store, blob, { spool, download, mayBeSpool }, parts)),
    )
    try {
      await download.ended
      return deliveries
    } catch (error) {
      // Nobody may read on in a spool that is emptied or closed.
      await Promise.all(deliveries)
      if (!isWrong(error)) throw error
      await spool.clear()
      if (stop.aborted || !sources.again(error)) throw error
      parts.onWarning(`${error.message}; it is downloaded again`)
    }
  }
}

/** A blob that comes in. */
interface Arrival {
  readonly spool: Spool
  readonly download: Download
  /** Says once whether an object may be the spool's very file. */
  readonly mayBeSpool: () => boolean
}

/** Never rejects: what a store does wrong is its own affair. */
async function deliver(
  store: StoreWork,
  blob: ReachableBlob,
  { spool, download, mayBeSpool }: Arrival,
  parts: CopyParts,
): Promise<Delivery> {
  const { target, failures } = store
  const { stop } = parts.delivery.interruption
  const { digest } = blob
  const object = { digest, key: target.blobKey(digest), headers: contentHeaders(), mayBeSpool }
  if (failures.tooLong) return { outcome: 'given up' }
  try {
    const size = await download.size
    if (size <= SMALL_BYTES) {
      await download.ended
      await deliverBytes(target, object, await spool.read(0, size), parts.delivery)
    } else {
      await deliverSpool(target, object, spool, download, parts.delivery)
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
  if (outcome === 'stored') store.failures.succeeded()
  if (outcome === 'failed' || outcome === 'given up') store.failed++
  if (outcome !== 'failed') return
  faults.add(error, { digest, store: id })
  if (store.failures.failed()) faults.add(gaveUpStore(id), { store: id })
}

function gaveUpStore(store: string): PortolanError {
  return new PortolanError(
    'UNREACHABLE',
    `store ${store} failed ${MAX_FAILURES} times in a row; nothing more is sent to it in this run`,
    { store },
  )
}

function gaveUpUpstream({ upstream }: CopyParts): PortolanError {
  return new PortolanError(
    'UNREACHABLE',
    `${upstream.location} failed ${MAX_FAILURES} times in a row; nothing more is asked of it in this run`,
  )
}
