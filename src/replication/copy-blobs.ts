import { PortolanError } from '../errors.ts'
import { Semaphore } from '../internal/semaphore.ts'
import type { Registry } from '../registry/reader.ts'
import type { Runtime } from '../runtime.ts'
import { createMemorySpool } from '../storage/memory/memory-spool.ts'
import type { Workspace } from '../storage/workspace.ts'
import { startDownload } from '../transfer/download.ts'
import type { Spool } from '../transfer/spool.ts'
import { isPassing, isWrong } from '../transfer/transfer-error.ts'
import { BlobSources } from './blob-sources.ts'
import { type ByteBudget, createByteBudget } from './byte-budget.ts'
import type { DeliveryParts } from './deliver.ts'
import { createFailureStreak, type FailureStreak, MAX_FAILURES } from './failure-streak.ts'
import type { FaultLog } from './fault-log.ts'
import type { PlannedBlob } from './plan.ts'
import type { ReachableBlob } from './reachable.ts'
import { type Arrival, type Recipient, SMALL_BYTES } from './recipient.ts'

export interface CopyParts {
  readonly runtime: Runtime
  readonly upstream: Registry
  readonly workspace: Workspace
  readonly delivery: DeliveryParts
  readonly faults: FaultLog
  /** Blobs that are downloaded at once, and blobs that are uploaded at once to each recipient. */
  readonly concurrency: number
  readonly onDownloaded: (blob: ReachableBlob, bytes: number) => void
  readonly onWarning: (message: string) => void
}

/** How far the slowest recipient may fall behind before the others wait for it. */
const MEMORY_LIMIT = { things: 1024, bytes: 64 * 1024 * 1024 }
const DISK_LIMIT = { things: 256, bytes: 64 * 1024 * 1024 * 1024 }

/** A copy that is under way; none of it rejects, since what fails is written down and the rest goes on. */
export interface BlobCopy {
  /** Resolves when a recipient has all that it will get: a slow one holds up nobody else. */
  of(recipient: Recipient): Promise<void>
  /** Resolves when everything has ended. */
  readonly all: Promise<void>
}

/** Downloads each blob once and brings it to all that lack it; nothing is downloaded that a registry has elsewhere. */
export function copyBlobs(blobs: readonly PlannedBlob[], parts: CopyParts): BlobCopy {
  const downloads = new Semaphore(parts.concurrency)
  const copying: Copying = {
    parts,
    memory: createByteBudget(MEMORY_LIMIT),
    disk: createByteBudget(DISK_LIMIT),
    upstream: createFailureStreak(),
    cleanUps: [],
  }
  const ends = new Map<Recipient, Promise<void>[]>()
  const begun = blobs.map((planned) => {
    const resolvers = new Map(planned.recipients.map((each) => [each, Promise.withResolvers<void>()]))
    for (const [recipient, { promise }] of resolvers) {
      const all = ends.get(recipient) ?? []
      ends.set(recipient, all)
      all.push(promise)
    }
    return downloads.run(() => copyBlob(planned, (each) => resolvers.get(each)!.resolve(), copying))
  })
  return {
    of: async (recipient) => {
      await Promise.all(ends.get(recipient) ?? [])
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
  /** Of the spools that slow recipients still read. */
  readonly cleanUps: Promise<void>[]
}

/** Resolves when the blob is downloaded; some may still be reading it then. `ended` is called for each recipient. */
async function copyBlob(
  { blob, recipients: lacking }: PlannedBlob,
  ended: (recipient: Recipient) => void,
  copying: Copying,
): Promise<void> {
  const { parts, upstream, cleanUps } = copying
  const { stop } = parts.delivery.interruption
  const small = blob.size !== undefined && blob.size <= SMALL_BYTES
  const wanting = await withoutServed(blob, lacking, ended, parts)
  if (wanting.length === 0) return
  const release = await copying[small ? 'memory' : 'disk'](blob.size ?? 0)
  const recipients =
    stop.aborted || upstream.tooLong ? [] : wanting.filter(({ failures }) => !failures.tooLong)
  for (const each of wanting.filter((one) => !recipients.includes(one))) {
    if (!stop.aborted) each.failed++
    ended(each)
  }
  if (recipients.length === 0) return release()

  let spool: Spool | undefined
  const cleanUp = async (keep: boolean) => {
    // A file that cannot be removed now is removed by a later run.
    await (keep ? spool?.close() : spool?.remove())?.catch(() => {})
    release()
  }
  try {
    spool = small ? createMemorySpool() : await parts.workspace.spool(blob.digest)
    const deliveries = await bring(blob, recipients, spool, parts)
    upstream.succeeded()
    const settled = recipients.map(async (recipient, index) => {
      const delivery = await deliveries[index]!
      record(recipient, blob, delivery, parts)
      ended(recipient)
      return delivery
    })
    cleanUps.push(Promise.all(settled).then((all) => cleanUp(all.some(({ resumable }) => resumable))))
  } catch (error) {
    // A spool that will do for the next run is left to it; one that filled the disk is not.
    await cleanUp(stop.aborted || isPassing(error))
    if (!stop.aborted) recordUndelivered(blob, recipients, error, copying)
    for (const each of recipients) ended(each)
  }
}

/** Those that lack a blob after it was mounted wherever it could be. */
async function withoutServed(
  blob: ReachableBlob,
  lacking: readonly Recipient[],
  ended: (recipient: Recipient) => void,
  { delivery }: CopyParts,
): Promise<readonly Recipient[]> {
  const { stop } = delivery.interruption
  const isServed = await Promise.all(
    lacking.map(async (each) => {
      if (each.spread === undefined || stop.aborted || each.failures.tooLong) return false
      return each.places.run(() => each.spread!(blob, delivery))
    }),
  )
  for (const [index, each] of lacking.entries()) if (isServed[index]) ended(each)
  return lacking.filter((_, index) => !isServed[index])
}

/** Writes down that a blob could not be brought, for none of its recipients. */
function recordUndelivered(
  { digest }: ReachableBlob,
  recipients: readonly Recipient[],
  error: unknown,
  { parts, upstream }: Copying,
): void {
  for (const each of recipients) each.failed++
  parts.faults.add(error, { digest })
  if (isPassing(error) && upstream.failed()) parts.faults.add(gaveUpUpstream(parts), {})
}

/** What became of a blob at one recipient. */
interface Delivery {
  readonly outcome: 'stored' | 'failed' | 'interrupted' | 'given up'
  readonly error?: unknown
  /** Whether the next run can go on with what is in the spool and was sent. */
  readonly resumable?: boolean
}

/** Downloads a blob; resolves when it is there and right, with what each recipient will make of it. */
async function bring(
  blob: ReachableBlob,
  recipients: readonly Recipient[],
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
    const deliveries = recipients.map((each) =>
      each.places.run(() => deliver(each, blob, { spool, download, mayBeSpool }, parts)),
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

/** Never rejects: what a recipient does wrong is its own affair. */
async function deliver(
  recipient: Recipient,
  blob: ReachableBlob,
  arrival: Arrival,
  { delivery }: CopyParts,
): Promise<Delivery> {
  if (recipient.failures.tooLong) return { outcome: 'given up' }
  try {
    await recipient.receive(blob, arrival, delivery)
    return { outcome: 'stored' }
  } catch (error) {
    if (delivery.interruption.stop.aborted) return { outcome: 'interrupted', resumable: true }
    return { outcome: 'failed', error, resumable: recipient.mayResume(blob.digest, delivery) }
  }
}

function record(
  recipient: Recipient,
  { digest }: ReachableBlob,
  { outcome, error }: Delivery,
  { faults }: CopyParts,
): void {
  const { id, failures } = recipient
  if (outcome === 'stored') failures.succeeded()
  if (outcome === 'failed' || outcome === 'given up') recipient.failed++
  if (outcome !== 'failed') return
  faults.add(error, { digest, store: id })
  if (failures.failed()) faults.add(gaveUp(recipient), { store: id })
}

function gaveUp({ id, title }: Recipient): PortolanError {
  return new PortolanError(
    'UNREACHABLE',
    `${title} failed ${MAX_FAILURES} times in a row; nothing more is sent to it in this run`,
    { store: id },
  )
}

function gaveUpUpstream({ upstream }: CopyParts): PortolanError {
  return new PortolanError(
    'UNREACHABLE',
    `${upstream.location} failed ${MAX_FAILURES} times in a row; nothing more is asked of it in this run`,
  )
}
