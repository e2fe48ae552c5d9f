import { PortolanError } from '../errors.ts'
import { backoffDelay, wait } from '../internal/backoff.ts'
import type { Digest } from '../oci/digest.ts'
import type { Clock } from '../runtime.ts'
import type { ObjectHeaders, Upload } from '../storage/object-store.ts'
import type { Spool, Workspace } from '../storage/workspace.ts'
import { reasonOf } from '../transport/reason.ts'
import type { Download } from './download.ts'
import { BACKOFF, type Interruption, untilAborted } from './interruption.ts'
import type { Target } from './target.ts'
import { type Original, type VerifyMode, verifyCopy } from './verify-copy.ts'

export interface DeliveryParts {
  readonly workspace: Workspace
  readonly clock: Clock
  readonly random: () => number
  readonly interruption: Interruption
  readonly verify: VerifyMode
  /** Fewer than 0 when an upload has to begin again. */
  readonly onBytes: (target: Target, digest: Digest, bytes: number) => void
  readonly onWarning: (message: string, target: Target) => void
}

/** An object that a store is to have. */
export interface Parcel {
  readonly digest: Digest
  readonly key: string
  readonly headers: ObjectHeaders
}

/** What a digest names never changes (RFC 8246). */
const FOREVER = 'public, max-age=31536000, immutable'
/** Tries of one object when the store does not answer. */
const MAX_TRIES = 5
/** Tries of one object when what the store has afterwards is not what it was given. */
const MAX_WRONG_COPIES = 2
/** What is read of the spool at once for one upload: a few of them are in memory for each blob and store. */
const CHUNK_BYTES = 1024 * 1024

/** How content by digest is served. */
export function contentHeaders(mediaType = 'application/octet-stream'): ObjectHeaders {
  return { contentType: mediaType, cacheControl: FOREVER }
}

/** Stores a small object and verifies it. Rejects with what the store did wrong, after several tries. */
export async function deliverBytes(
  target: Target,
  parcel: Parcel,
  bytes: Uint8Array,
  parts: DeliveryParts,
): Promise<void> {
  const { key, headers } = parcel
  const read = async (start: number, end: number) => bytes.subarray(start, end)
  await withTries(parts, undefined, async () => {
    await untilAborted(parts.interruption.stop, target.objects.put(key, bytes, headers))
    await verifyOrDelete(target, { key, headers, size: bytes.length, read }, parts)
  })
  parts.onBytes(target, parcel.digest, bytes.length)
}

/**
 * Stores a blob and verifies it, following its download at the store's own pace; what came is committed only once all
 * of it matched the digest. Rejects with what the store did wrong, after several tries, or as the download does. An
 * upload that a later run can go on with is left in the store.
 */
export async function deliverSpool(
  target: Target,
  parcel: Parcel,
  spool: Spool,
  download: Download,
  parts: DeliveryParts,
): Promise<void> {
  const { workspace, interruption } = parts
  const { digest, key, headers } = parcel
  const size = await download.size
  const original: Original = { key, headers, size, read: (start, end) => spool.read(start, end) }
  let sent = 0
  const report = (position: number) => {
    if (position !== sent) parts.onBytes(target, parcel.digest, position - sent)
    sent = position
  }
  const begun = workspace.upload(target.id, digest)
  // A process that was killed may have stored it without having noted that.
  let maybeThere = download.resumedFrom > 0 || begun !== undefined
  // What an earlier process sent is of use only as far as the spool still has the same bytes.
  let trusted = begun?.stale ? 0 : download.resumedFrom
  await withTries(parts, download, async () => {
    if (maybeThere && (await isThere(target, original, download, parts))) {
      await workspace.endUpload(target.id, digest)
      report(size)
      return
    }
    maybeThere = true
    const upload = await beginUpload(target, parcel, size, trusted, parts)
    trusted = size
    try {
      await follow(upload, spool, size, download, interruption.stop, report)
      await untilAborted(interruption.stop, download.ended)
      await untilAborted(interruption.cut, upload.commit())
    } catch (error) {
      await leave(upload, target, digest, error, parts)
      throw error
    }
    await workspace.endUpload(target.id, digest)
    await verifyOrDelete(target, original, parts)
  })
}

/** Tries again what the store did not answer, and once what it holds wrongly; never what the download is to blame for. */
async function withTries(
  { clock, random, interruption: { stop } }: DeliveryParts,
  download: Download | undefined,
  work: () => Promise<void>,
): Promise<void> {
  for (let tries = 1, wrongCopies = 0; ; tries++) {
    stop.throwIfAborted()
    try {
      await work()
      return
    } catch (error) {
      if (stop.aborted || download?.failed || !(error instanceof PortolanError)) throw error
      if (error.code === 'CONTENT_INVALID') wrongCopies++
      else if (error.code !== 'UNREACHABLE') throw error
      if (tries >= MAX_TRIES || wrongCopies >= MAX_WRONG_COPIES) throw error
      await wait(clock, backoffDelay(BACKOFF, tries, random), stop)
    }
  }
}

async function beginUpload(
  { id, objects }: Target,
  { digest, key, headers }: Parcel,
  size: number,
  trusted: number,
  { workspace, interruption: { stop } }: DeliveryParts,
): Promise<Upload> {
  const begin = () => {
    const state = workspace.upload(id, digest)?.state
    const save = (next: string) => workspace.saveUpload(id, digest, next)
    return untilAborted(
      stop,
      objects.upload(key, size, headers, { ...(state !== undefined && { state }), save }),
    )
  }
  const upload = await begin()
  if (upload.offset <= trusted) return upload
  await untilAborted(stop, upload.abort())
  await workspace.endUpload(id, digest)
  return begin()
}

async function follow(
  upload: Upload,
  spool: Spool,
  size: number,
  download: Download,
  stop: AbortSignal,
  report: (position: number) => void,
): Promise<void> {
  report(upload.offset)
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, size))
  for (let position = upload.offset; position < size; ) {
    await untilAborted(stop, download.passed(position))
    const bytes = await spool.read(position, Math.min(size, position + CHUNK_BYTES), buffer)
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
    parts.onWarning(`${error.message}; it was deleted and is stored anew`, target)
    return false
  }
}

/** Nothing that is not what its digest says may stay where clients look for it. */
async function verifyOrDelete(target: Target, original: Original, parts: DeliveryParts): Promise<void> {
  const { cut } = parts.interruption
  try {
    await untilAborted(cut, verifyCopy(target, original, parts.verify, parts.random))
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
