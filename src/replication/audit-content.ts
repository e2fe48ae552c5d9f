import { PortolanError } from '../errors.ts'
import { Semaphore } from '../internal/semaphore.ts'
import { digestAlgorithm, digestEncoded } from '../oci/digest.ts'
import type { HashAlgorithm, Runtime } from '../runtime.ts'
import type { AuditFindings } from './audit-findings.ts'
import { auditContentType } from './audit-listing.ts'
import type { ExpectedObject } from './content-keys.ts'
import type { Listing } from './list-content.ts'
import type { Target } from './target.ts'

/** What was downloaded. */
export interface ReadContent {
  readonly read: number
  readonly readBytes: number
}

const DOWNLOADS_AT_ONCE = 4
/** A store that refuses so many objects is asked for no more: each refusal has cost the driver all its retries. */
const REFUSALS_MAX = 5

export interface ContentAudit {
  /** Absent where the store refused to be listed. */
  readonly listing: Listing | undefined
  readonly runtime: Pick<Runtime, 'createHash'>
  readonly findings: AuditFindings
  readonly progress: (done: number) => void
  readonly signal: AbortSignal
}

/** Downloads objects and compares them with their digests. */
export async function auditContent(
  target: Target,
  sample: readonly ExpectedObject[],
  parts: ContentAudit,
): Promise<ReadContent> {
  const { findings, progress, signal } = parts
  let read = 0
  let readBytes = 0
  let refusals = 0
  let skipped = 0
  const auditOne = async (object: ExpectedObject) => {
    signal.throwIfAborted()
    if (refusals >= REFUSALS_MAX) {
      skipped++
      return
    }
    try {
      // Not `readBytes += await …`, which would forget what the others have read meanwhile.
      const bytes = await auditObject(target, object, parts)
      readBytes += bytes
      progress(++read)
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error
      refusals++
      findings.add('unreadable', `${object.key}: ${error.message}`, object)
    }
  }
  await new Semaphore(DOWNLOADS_AT_ONCE).map(sample, auditOne)
  if (skipped > 0)
    findings.add('unreadable', `after ${refusals} refusals, ${skipped} more objects were not read`)
  return { read, readBytes }
}

async function auditObject(
  { objects }: Target,
  object: ExpectedObject,
  { listing, runtime, findings, signal }: ContentAudit,
): Promise<number> {
  const { key, digest, size } = object
  // Some stores tell the type in their listing, where it was compared already.
  if (object.mediaType !== undefined && listing?.get(key)?.contentType === undefined) {
    auditContentType(object, (await objects.stat(key))?.contentType, findings)
  }
  const stream = await objects.get(key)
  if (stream === undefined) {
    findings.add('missing', `${key} is listed, but cannot be had`, object)
    return 0
  }
  const algorithm = digestAlgorithm(digest) as HashAlgorithm
  const hash = runtime.createHash(algorithm)
  let length = 0
  for await (const bytes of stream) {
    signal.throwIfAborted()
    hash.update(bytes)
    length += bytes.length
    // Whatever is wrong with it is so already, and it may not end.
    if (length > (size ?? length)) break
  }
  if (size !== undefined && length !== size) {
    findings.add(
      'size',
      `${key} gives ${length > size ? 'more' : 'fewer'} bytes than the ${size} it has`,
      object,
    )
  } else {
    const actual = hash.hex()
    if (actual !== digestEncoded(digest)) findings.add('altered', `${key} is ${algorithm}:${actual}`, object)
  }
  return length
}
