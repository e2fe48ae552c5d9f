import { PortolanError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { matchesDigest } from '../oci/verify.ts'
import { blobSource } from '../registry/blob-source.ts'
import type { RepositoryReader } from '../registry/reader.ts'
import type { Runtime } from '../runtime.ts'
import { startDownload } from '../transfer/download.ts'
import { type Source, takeTurns } from '../transfer/source.ts'
import type { Spool } from '../transfer/spool.ts'
import { isMissing, isWrong } from '../transfer/transfer-error.ts'
import { headerOf, paddedEnd } from './bundle-head.ts'
import type { BundleContent, BundleIndex } from './form.ts'

/** Where the stream of a bundle goes: written at its end, read anywhere. */
export interface BundleStream {
  /** Bytes that are there. */
  readonly length: number
  append(bytes: Uint8Array): Promise<void>
  /** Up to `end`, or fewer bytes when there are no more; in `into` where that is given and large enough. */
  read(start: number, end: number, into?: Uint8Array): Promise<Uint8Array>
  /** Cuts it off. */
  truncate(length: number): Promise<void>
}

export interface BundleWriting {
  /** Where the contents of a repository, by its full name, are had from: none for one that nobody knows. */
  readonly sources: (repository: string) => readonly RepositoryReader[]
  /** The bytes of a manifest where they are at hand. */
  readonly atHand: (digest: Digest) => Uint8Array<ArrayBuffer> | undefined
  readonly signal: AbortSignal
  /** Told of bytes as they come. */
  readonly onBytes: (bytes: number) => void
}

type WritingRuntime = Pick<Runtime, 'after' | 'now' | 'random' | 'createHash'>

/**
 * Writes the contents of a bundle behind what is there of it, each straight to its place; one that is there in part is
 * gone on with. Rejects with `CONTENT_INVALID` for content that is not what it should be, `UNREACHABLE` when it cannot be
 * had, and as the stream does; what is there then is gone on with another time.
 */
export async function writeContents(
  runtime: WritingRuntime,
  stream: BundleStream,
  index: BundleIndex,
  writing: BundleWriting,
): Promise<void> {
  for (const content of index.contents) {
    const end = paddedEnd(content)
    // Only what has something behind it was found to be right: one may end with the last of its blocks.
    if (stream.length > end) continue
    writing.signal.throwIfAborted()
    if (stream.length < content.offset) {
      const header = headerOf(content)
      await stream.truncate(content.offset - header.length)
      await stream.append(header)
    }
    if (content.mediaType === undefined) await bringBlob(runtime, stream, content, writing)
    else await bringManifest(stream, content, writing)
    await stream.append(new Uint8Array(end - stream.length))
  }
  await stream.append(new Uint8Array(index.length - stream.length))
}

async function bringManifest(
  stream: BundleStream,
  content: BundleContent,
  { sources, atHand, onBytes }: BundleWriting,
): Promise<void> {
  const { digest, size, offset, repositories } = content
  const bytes = atHand(digest) ?? (await fetchManifest(digest, repositories.flatMap(sources)))
  if (bytes.length !== size || !(await matchesDigest(new Uint8Array(bytes), digest)))
    throw invalid(digest, `came as something else`)
  await stream.truncate(offset)
  await stream.append(bytes)
  onBytes(size)
}

async function fetchManifest(digest: Digest, readers: readonly RepositoryReader[]): Promise<Uint8Array> {
  let last: unknown = invalid(digest, 'is not there any more')
  for (const reader of readers) {
    try {
      const fetched = await reader.manifest(digest)
      if (fetched !== undefined) return fetched.bytes
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error
      last = error
    }
  }
  throw last
}

/** What turns out to be wrong is fetched a second time, elsewhere where there is such a place, before anybody is told. */
async function bringBlob(
  runtime: WritingRuntime,
  stream: BundleStream,
  content: BundleContent,
  { sources, signal, onBytes }: BundleWriting,
): Promise<void> {
  const { digest, size, repositories } = content
  const blob = { digest, size, name: repositories[0] ?? 'no repository' }
  const [first = [], ...others] = repositories
    .flatMap(sources)
    .map((reader) => [blobSource(reader, digest, size)])
  const bring = (turns: readonly Source[]) => {
    const options = { sources: takeTurns(turns), stop: signal, onBytes }
    return startDownload(runtime, blob, spoolAt(stream, content), options).ended
  }
  try {
    await bring([...first, ...others.flat()])
  } catch (error) {
    if (!isWrong(error) || isMissing(error)) throw error
    await stream.truncate(content.offset)
    await bring([...others.flat(), ...first])
  }
}

/** The end of the stream from where a content begins, as something to download into. */
function spoolAt(stream: BundleStream, { offset, size }: BundleContent): Spool {
  const clear = () => stream.truncate(offset)
  return {
    // Behind its bytes may be some of the zeros that fill up its last block.
    get length() {
      return Math.min(stream.length - offset, size)
    },
    append: (bytes) => stream.append(bytes),
    read: (start, end, into) => stream.read(offset + start, offset + Math.min(end, size), into),
    clear,
    close: async () => {},
    remove: clear,
  }
}

function invalid(digest: Digest, what: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', `manifest ${digest} ${what}`, { digest })
}
