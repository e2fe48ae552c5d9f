import { PortolanError } from '../errors.ts'
import { Semaphore } from '../internal/semaphore.ts'
import { digestAlgorithm, digestEncoded } from '../oci/digest.ts'
import type { HashAlgorithm, Runtime } from '../runtime.ts'
import type { AuditFindings } from './audit-findings.ts'
import { auditContentType, type Listing } from './audit-listing.ts'
import type { ExpectedObject } from './content-keys.ts'
import type { Target } from './target.ts'

/** How much of what a store holds is downloaded: all, so many objects, or a share from 0 to 1 of them. */
export type SampleSize = 'full' | { readonly count: number } | { readonly share: number }

/** What was downloaded. */
export interface ReadContent {
  readonly read: number
  readonly readBytes: number
}

const DOWNLOADS_AT_ONCE = 4
/** A store that refuses so many objects is asked for no more: each refusal has cost the driver all its retries. */
const REFUSALS_MAX = 5

/** Chooses objects at random, the smallest and the largest always among them; in the order of their sizes. */
export function chooseSample(
  objects: readonly ExpectedObject[],
  size: SampleSize,
  { random }: Pick<Runtime, 'random'>,
): ExpectedObject[] {
  const sorted = objects.toSorted((a, b) => (a.size ?? 0) - (b.size ?? 0) || (a.key < b.key ? -1 : 1))
  if (size === 'full') return sorted
  const count = 'count' in size ? size.count : Math.ceil(size.share * sorted.length)
  if (count >= sorted.length) return sorted
  if (count < 1) return []
  // The two ends first, then a shuffle of the rest that stops when enough is drawn.
  const order = [...sorted.keys()]
  const swap = (a: number, b: number) => {
    ;[order[a], order[b]] = [order[b]!, order[a]!]
  }
  swap(1, order.length - 1)
  for (let at = 2; at < count; at++) swap(at, at + Math.floor(random() * (order.length - at)))
  return order
    .slice(0, Math.max(2, count))
    .sort((a, b) => a - b)
    .map((index) => sorted[index]!)
}

/** Downloads objects and compares them with their digests. */
export async function auditContent(
  target: Target,
  sample: readonly ExpectedObject[],
  listing: Listing | undefined,
  runtime: Pick<Runtime, 'createHash'>,
  findings: AuditFindings,
  progress: (done: number) => void,
  signal?: AbortSignal,
): Promise<ReadContent> {
  let read = 0
  let readBytes = 0
  let refusals = 0
  let skipped = 0
  const auditOne = async (object: ExpectedObject) => {
    signal?.throwIfAborted()
    if (refusals >= REFUSALS_MAX) {
      skipped++
      return
    }
    try {
      // Not `readBytes += await …`, which would forget what the others have read meanwhile.
      const bytes = await auditObject(target, object, listing, runtime, findings, signal)
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
  listing: Listing | undefined,
  runtime: Pick<Runtime, 'createHash'>,
  findings: AuditFindings,
  signal: AbortSignal | undefined,
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
    signal?.throwIfAborted()
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
