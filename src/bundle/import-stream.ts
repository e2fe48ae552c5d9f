import type { OwnershipKey } from '../backends/ownership/ownership-key.ts'
import { PortolanError } from '../errors.ts'
import { TAR_END } from '../internal/tar.ts'
import { type Digest, digestAlgorithm } from '../oci/digest.ts'
import type { HashAlgorithm, Runtime } from '../runtime.ts'
import type { Spool } from '../transfer/spool.ts'
import { type BundleHead, headerOf, paddedEnd, readBundleHead, takeZeros } from './bundle-head.ts'
import { checkSignature } from './bundle-signature.ts'
import { ByteReader } from './byte-reader.ts'
import { checkNames } from './check-names.ts'
import type { BundleContent } from './form.ts'
import { finishImport, type ImportOptions, type ImportReport, told } from './import-bundle.ts'
import { planImport } from './import-plan.ts'
import { type ImportTarget, ImportWork } from './import-work.ts'

export interface StreamImportOptions extends ImportOptions {
  /** Who must have signed it; absent for anybody. */
  readonly key?: OwnershipKey | undefined
  /** Where one blob at a time is held until its hash is right. */
  readonly spool: Spool
}

/** What comes from a pipe is held until the blobs are there: far beyond the manifests of ten thousand images. */
const MANIFESTS_MAX_BYTES = 128 * 1024 * 1024
const PIECE_BYTES = 256 * 1024

/**
 * Brings a bundle to a target as its parts come, one behind the other: nothing is sent before all of it is right, and no
 * more than one blob is held. Rejects with `CONTENT_INVALID` when the stream ends too early or is not what its index says;
 * what is at the target by then is not sent a second time.
 */
export async function importStream(
  runtime: Pick<Runtime, 'createHash'>,
  stream: AsyncIterable<Uint8Array>,
  at: ImportTarget,
  options: StreamImportOptions,
): Promise<{ readonly report: ImportReport; readonly head: BundleHead }> {
  const reader = new ByteReader(stream, 'the stream of the bundle')
  const head = await readBundleHead(reader)
  if (options.key !== undefined) await checkSignature(head, options.key, reader.where)
  const { index } = head
  const [fault] = checkNames(head)
  if (fault !== undefined) throw invalid(fault.message)
  checkManifests(index.contents)
  const work = new ImportWork(runtime, planImport(index, options), at, options)
  await work.greet()
  await work.checkAssumed()
  const manifests = new Map<Digest, Uint8Array>()
  for (const content of index.contents) {
    options.signal?.throwIfAborted()
    await takeHeader(reader, content)
    if (content.mediaType === undefined) await takeBlob(runtime, reader, content, work, options)
    else manifests.set(content.digest, await takeManifest(runtime, reader, content))
    await takeZeros(reader, paddedEnd(content) - reader.position, content.digest)
  }
  await takeZeros(reader, TAR_END.length, 'its last content')
  if (!(await reader.isAtEnd())) throw invalid(`there is more behind the end of the bundle`)
  const report = await finishImport(work, async ({ digest }) => manifests.get(digest)!, options)
  return { report, head }
}

function checkManifests(contents: readonly BundleContent[]): void {
  const sizes = contents.filter(({ mediaType }) => mediaType !== undefined).map(({ size }) => size)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (total > MANIFESTS_MAX_BYTES)
    throw invalid(
      `its manifests have ${total} bytes; expected at most ${MANIFESTS_MAX_BYTES}: import it from a folder`,
    )
}

async function takeHeader(reader: ByteReader, content: BundleContent): Promise<void> {
  const header = headerOf(content)
  const found = await reader.take(header.length)
  if (found.every((byte, at) => byte === header[at])) return
  const position = reader.position - header.length
  throw invalid(
    `${content.digest} does not begin at byte ${position}: are the parts all there, and in their order?`,
  )
}

async function takeManifest(
  { createHash }: Pick<Runtime, 'createHash'>,
  reader: ByteReader,
  { digest, size }: BundleContent,
): Promise<Uint8Array> {
  const bytes = await reader.take(size)
  const hash = createHash(digestAlgorithm(digest) as HashAlgorithm)
  hash.update(bytes)
  checkHash(digest, hash.hex())
  return bytes
}

/** One that the target has is passed over. */
async function takeBlob(
  { createHash }: Pick<Runtime, 'createHash'>,
  reader: ByteReader,
  content: BundleContent,
  work: ImportWork,
  { spool, onBytes }: StreamImportOptions,
): Promise<void> {
  const { digest, size } = content
  const found = await work.look(content)
  const isWanted = found.lacking.length > 0
  const hash = createHash(digestAlgorithm(digest) as HashAlgorithm)
  await spool.clear()
  for await (const piece of reader.pieces(size)) {
    hash.update(piece)
    if (isWanted) await spool.append(piece)
  }
  checkHash(digest, hash.hex())
  if (isWanted) await work.bring(content, found, (start) => told(readSpool(spool, start, size), onBytes))
}

function readSpool(spool: Spool, start: number, size: number): ReadableStream<Uint8Array> {
  let position = start
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (position < size) {
          const piece = await spool.read(position, Math.min(size, position + PIECE_BYTES))
          position += piece.length
          controller.enqueue(piece)
        }
        if (position >= size) controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}

function checkHash(digest: Digest, hex: string): void {
  const actual = `${digestAlgorithm(digest)}:${hex}`
  if (actual !== digest) throw invalid(`${digest} was altered: its bytes are those of ${actual}`)
}

function invalid(message: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', message)
}
