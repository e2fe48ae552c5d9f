import { PortolanError } from '../errors.ts'
import type { Backoff } from '../internal/backoff.ts'
import { retry } from '../internal/retry.ts'
import { untilAborted } from '../internal/until-aborted.ts'
import type { Digest } from '../oci/digest.ts'
import type { Runtime } from '../runtime.ts'
import type { ObjectHeaders, Upload } from '../storage/object-store.ts'
import type { Workspace } from '../storage/workspace.ts'
import type { Download } from '../transfer/download.ts'
import { FOLLOW_BYTES, follow } from '../transfer/follow.ts'
import type { Spool } from '../transfer/spool.ts'
import { reasonOf } from '../transport/reason.ts'
import type { Interruption } from './interruption.ts'
import type { ReadBack } from './read-back.ts'
import type { Target } from './target.ts'
import { type Original, verifyCopy } from './verify-copy.ts'

export interface DeliveryParts {
  readonly runtime: Runtime
  readonly workspace: Workspace
  readonly interruption: Interruption
  /** Of this run, for all of its stores. */
  readonly readBack: ReadBack
  /** Of the recipient of this id; fewer than 0 when an upload has to begin again. */
  readonly onBytes: (id: string, digest: Digest, bytes: number) => void
  /** Told of each blob or manifest that a recipient has from now on, and its bytes. */
  readonly onStored: (id: string, digest: Digest, size: number) => void
  readonly onWarning: (message: string, id: string) => void
}

/** An object that a store is to have. */
export interface NewObject {
  readonly digest: Digest
  readonly key: string
  readonly headers: ObjectHeaders
  /** Says once whether the object may be the spool's very file. */
  readonly mayBeSpool?: () => boolean
}

/** What a digest names never changes (RFC 8246). */
const FOREVER = 'public, max-age=31536000, immutable'
/** Tries of one object when the store does not answer. */
const MAX_TRIES = 5
/** Tries of one object when what the store has afterwards is not what it was given. */
const MAX_WRONG_COPIES = 2
/** Between two tries of the same object. */
const BACKOFF: Backoff = { first: 500, max: 30_000 }

/** How content by digest is served. */
export function contentHeaders(mediaType = 'application/octet-stream'): ObjectHeaders {
  return { contentType: mediaType, cacheControl: FOREVER }
}

/** Stores a small object and makes sure of it. Rejects with what the store did wrong, after several tries. */
export async function deliverBytes(
  target: Target,
  object: NewObject,
  bytes: Uint8Array,
  parts: DeliveryParts,
): Promise<void> {
  const { key, headers } = object
  const read = async (start: number, end: number) => bytes.subarray(start, end)
  await withTries(parts, undefined, async () => {
    const put = target.objects.put(key, bytes, headers, object.digest)
    const confirmed = await untilAborted(parts.interruption.stop, put)
    if (!parts.readBack.needed(target, headers, confirmed)) return
    await verifyOrDelete(target, { key, headers, size: bytes.length, read }, parts)
  })
  parts.onBytes(target.id, object.digest, bytes.length)
}

/**
 * Stores a blob and makes sure of it, following its download at the store's own pace; what came is committed only once all
 * of it matched the digest. Rejects with what the store did wrong, after several tries, or as the download does. An
 * upload that a later run can go on with is left in the store.
 */
export async function deliverSpool(
  target: Target,
  object: NewObject,
  spool: Spool,
  download: Download,
  parts: DeliveryParts,
): Promise<void> {
  const { workspace, interruption } = parts
  const { digest, key, headers } = object
  const size = await download.size
  const original: Original = { key, headers, size, read: (start, end) => spool.read(start, end) }
  let sent = 0
  const report = (position: number) => {
    if (position !== sent) parts.onBytes(target.id, object.digest, position - sent)
    sent = position
  }
  const begun = workspace.upload(target.id, digest)
  // A process that was killed may have stored it without having noted that.
  let maybeThere = download.resumedFrom > 0 || begun !== undefined
  // What an earlier process sent is of use only as far as the spool still has the same bytes.
  let trusted = begun?.stale ? 0 : download.resumedFrom
  const file = target.objects.takesFiles ? spool.file : undefined
  await withTries(parts, download, async () => {
    if (maybeThere && (await isThere(target, original, download, parts))) {
      await workspace.endUpload(target.id, digest)
      report(size)
      return
    }
    maybeThere = true
    // There is nothing to follow: all of it is taken at once, when it is there.
    if (file !== undefined) await untilAborted(interruption.stop, download.ended)
    if (file !== undefined) trusted = size
    const upload = await beginUpload(target, object, { size, trusted, file }, parts)
    trusted = size
    let confirmed: boolean
    try {
      await send(upload, spool, size, download, interruption.stop, report)
      await untilAborted(interruption.stop, download.ended)
      confirmed = await untilAborted(interruption.cut, upload.commit())
    } catch (error) {
      await leave(upload, target, digest, error, parts)
      throw error
    }
    await workspace.endUpload(target.id, digest)
    if (parts.readBack.needed(target, headers, confirmed)) await verifyOrDelete(target, original, parts)
  })
}

/** Tries again what the store did not answer, and once what it holds wrongly; never what the download is to blame for. */
async function withTries(
  { runtime, interruption: { stop } }: DeliveryParts,
  download: Download | undefined,
  work: () => Promise<void>,
): Promise<void> {
  let wrongCopies = 0
  const again = (error: unknown): boolean => {
    if (stop.aborted || download?.failed || !(error instanceof PortolanError)) return false
    if (error.code === 'CONTENT_INVALID') return ++wrongCopies < MAX_WRONG_COPIES
    return error.code === 'UNREACHABLE'
  }
  await retry(runtime, { attempts: MAX_TRIES, backoff: BACKOFF, signal: stop, again }, async () => {
    stop.throwIfAborted()
    await work()
  })
}

/** With what an upload begins. */
interface Outset {
  readonly size: number
  /** So many bytes of what an earlier process sent are those of the spool. */
  readonly trusted: number
  /** The spool's file, where the store can take it. */
  readonly file: string | undefined
}

async function beginUpload(
  { id, objects }: Target,
  { digest, key, headers, mayBeSpool = () => false }: NewObject,
  { size, trusted, file }: Outset,
  { workspace, interruption: { stop } }: DeliveryParts,
): Promise<Upload> {
  const begin = () => {
    const state = workspace.upload(id, digest)?.state
    const save = (next: string) => workspace.saveUpload(id, digest, next)
    const resume = {
      ...{ digest, save },
      ...(state !== undefined && { state }),
      ...(file !== undefined && { file: { path: file, mayBeIt: mayBeSpool() } }),
    }
    return untilAborted(stop, objects.upload(key, size, headers, resume))
  }
  const upload = await begin()
  if (upload.offset <= trusted) return upload
  await untilAborted(stop, upload.abort())
  await workspace.endUpload(id, digest)
  return begin()
}

async function send(
  upload: Upload,
  spool: Spool,
  size: number,
  download: Download,
  stop: AbortSignal,
  report: (position: number) => void,
): Promise<void> {
  let position = upload.offset
  report(position)
  // The driver copies what it keeps, so that one piece is in memory for each blob and store.
  const buffer = new Uint8Array(Math.min(FOLLOW_BYTES, size))
  for await (const bytes of follow(download, spool, { start: position, end: size, signal: stop, buffer })) {
    await untilAborted(stop, upload.write(bytes))
    position += bytes.length
    report(position)
  }
}

/** Leaves an upload for another try, unless the bytes were wrong or the store says no: then nothing of it is of use. */
async function leave(
  upload: Upload,
  { id }: Target,
  digest: Digest,
  error: unknown,
  { workspace, interruption: { cut } }: DeliveryParts,
): Promise<void> {
  const useless = error instanceof PortolanError && error.code !== 'UNREACHABLE'
  // What went wrong first is what is told.
  await untilAborted(cut, useless ? upload.abort() : upload.suspend()).catch(() => {})
  if (useless) await workspace.endUpload(id, digest)
}

/** Whether the store has the very object already; what is there instead of it is deleted. */
async function isThere(
  target: Target,
  original: Original,
  download: Download,
  parts: DeliveryParts,
): Promise<boolean> {
  const { stop } = parts.interruption
  if ((await untilAborted(stop, target.objects.stat(original.key))) === undefined) return false
  await untilAborted(stop, download.ended)
  try {
    await verifyOrDelete(target, original, parts)
    return true
  } catch (error) {
    if (!(error instanceof PortolanError) || error.code !== 'CONTENT_INVALID') throw error
    parts.onWarning(`${error.message}; it was deleted and is stored anew`, target.id)
    return false
  }
}

/** Nothing that is not what its digest says may stay where clients look for it. */
async function verifyOrDelete(target: Target, original: Original, parts: DeliveryParts): Promise<void> {
  const { cut } = parts.interruption
  try {
    await untilAborted(cut, verifyCopy(target, original, parts.readBack.mode, parts.runtime))
    parts.readBack.passed(target, original.headers)
  } catch (error) {
    // One that does not answer may hold it well; the next try looks again.
    if (!(error instanceof PortolanError) || error.code === 'UNREACHABLE') throw error
    try {
      await untilAborted(cut, target.objects.delete(original.key))
    } catch (failure) {
      const message = `${error.message}; and it could not be deleted: ${reasonOf(failure)}`
      throw new PortolanError(error.code, message, error.facts, error)
    }
    throw error
  }
}
