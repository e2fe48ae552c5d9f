import { PortolanError } from '../errors.ts'
import { TAR_END } from '../internal/tar.ts'
import { type Digest, digestAlgorithm } from '../oci/digest.ts'
import { readManifestContent } from '../replication/manifest-content.ts'
import type { HashAlgorithm, Runtime } from '../runtime.ts'
import type { BundleFault } from './bundle-fault.ts'
import { headerOf, paddedEnd, takeZeros } from './bundle-head.ts'
import { ByteReader } from './byte-reader.ts'
import { checkNames } from './check-names.ts'
import { checkParts } from './check-parts.ts'
import { type BundleContent, partName } from './form.ts'
import type { OpenedBundle } from './open-bundle.ts'

/** What was read of a bundle, and all that is wrong. */
export interface BundleVerification {
  readonly contents: number
  /** Of contents. */
  readonly bytes: number
  readonly faults: readonly BundleFault[]
}

export interface VerifyBundleOptions {
  readonly signal?: AbortSignal
  /** Told of bytes as they are read. */
  readonly onBytes?: (bytes: number) => void
}

/**
 * Reads a bundle from its first byte to its last, and compares each content with its digest. Rejects only where it was
 * called off.
 */
export async function verifyBundle(
  runtime: Pick<Runtime, 'createHash'>,
  bundle: OpenedBundle,
  options: VerifyBundleOptions = {},
): Promise<BundleVerification> {
  const { signal } = options
  const { contents, assumed, missing } = bundle.index
  const known = new Set([...contents, ...assumed, ...missing].map(({ digest }) => digest))
  const parts = await checkParts(bundle, signal)
  const faults = [...checkNames(bundle), ...parts.faults]
  const read = { contents: 0, bytes: 0 }
  for (const content of contents) {
    signal?.throwIfAborted()
    const start = content.offset - headerOf(content).length
    const numbers = bundle.parts.numbersOf(start, paddedEnd(content))
    // What lies in a part that is missing has been told of with it.
    if (numbers.some((number) => parts.unusable.has(number))) continue
    try {
      await verifyContent(runtime, bundle, content, known, options)
      read.contents++
      read.bytes += content.size
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error
      faults.push({ parts: numbers.map(partName), digest: content.digest, message: error.message })
    }
  }
  const end = await verifyEnd(bundle, parts.unusable)
  return { ...read, faults: [...faults, ...end] }
}

async function verifyContent(
  { createHash }: Pick<Runtime, 'createHash'>,
  { parts }: OpenedBundle,
  content: BundleContent,
  known: ReadonlySet<Digest | undefined>,
  { signal, onBytes = () => {} }: VerifyBundleOptions,
): Promise<void> {
  const { digest, size, mediaType } = content
  const header = headerOf(content)
  const start = content.offset - header.length
  const reader = new ByteReader(parts.stream(start, paddedEnd(content), { signal, lend: true }), digest)
  try {
    if (!isEqual(await reader.take(header.length), header))
      throw invalid(`the header before ${digest} was altered`)
    const hash = createHash(digestAlgorithm(digest) as HashAlgorithm)
    const kept = mediaType === undefined ? undefined : new Uint8Array(size)
    for await (const piece of reader.pieces(size)) {
      hash.update(piece)
      kept?.set(piece, reader.position - header.length - piece.length)
      onBytes(piece.length)
    }
    const actual = `${digestAlgorithm(digest)}:${hash.hex()}`
    if (actual !== digest) throw invalid(`${digest} was altered: its bytes are those of ${actual}`)
    await takeZeros(reader, paddedEnd(content) - content.offset - size, digest)
    if (kept !== undefined) checkManifest(kept, content, known)
  } finally {
    await reader.close()
  }
}

/** A manifest is what the index says, and its blobs are in the bundle, or the bundle says that they are not. */
function checkManifest(
  bytes: Uint8Array,
  { digest, mediaType = '' }: BundleContent,
  known: ReadonlySet<Digest | undefined>,
): void {
  const content = readManifestContent({ bytes, mediaType }, digest)
  if (content.mediaType !== mediaType)
    throw invalid(`${digest} is said to be ${mediaType}, and is ${content.mediaType}`)
  const lacking = content.blobs.find((blob) => !known.has(blob.digest))
  if (lacking !== undefined)
    throw invalid(`${digest} names ${lacking.digest}, which the bundle neither has nor says to be missing`)
}

/** The two empty blocks at the end of the archive. */
async function verifyEnd(
  { parts, index }: OpenedBundle,
  unusable: ReadonlySet<number>,
): Promise<readonly BundleFault[]> {
  const start = index.length - TAR_END.length
  const numbers = parts.numbersOf(start, index.length)
  if (numbers.some((number) => unusable.has(number))) return []
  const reader = new ByteReader(parts.stream(start, index.length), 'the bundle')
  try {
    await takeZeros(reader, TAR_END.length, 'its last content')
    return []
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    return [{ parts: numbers.map(partName), message: error.message }]
  } finally {
    await reader.close()
  }
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at])
}

function invalid(message: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', message)
}
