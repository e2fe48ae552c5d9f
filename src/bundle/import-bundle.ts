import { Semaphore } from '../internal/semaphore.ts'
import type { Digest } from '../oci/digest.ts'
import type { Name } from '../oci/name.ts'
import { blobStream } from '../replication/images/blob-stream.ts'
import type { CopiedImage, CopyReport } from '../replication/images/copy-report.ts'
import type { Runtime } from '../runtime.ts'
import { blobsOf, readContent } from './bundle-registry.ts'
import type { BundleContent, MissingContent } from './form.ts'
import { importManifests, type ReadManifest } from './import-manifests.ts'
import { type ImportNaming, planImport } from './import-plan.ts'
import { type ImportTarget, ImportWork, type WorkOptions } from './import-work.ts'
import type { OpenedBundle } from './open-bundle.ts'

export interface ImportOptions extends ImportNaming, WorkOptions {
  /** Told of bytes as they are sent, and of each image when it is done. */
  readonly onBytes?: (bytes: number) => void
  readonly onImage?: (image: CopiedImage) => void
}

/** What became of a bundle at a target. */
export interface ImportReport extends Omit<CopyReport, 'isUnreachable'> {
  /** What the bundle counts on and the target has lost: it has to be sent again. */
  readonly lost: readonly { readonly digest: Digest; readonly repositories: readonly Name[] }[]
  /** What the bundle says it lacks. */
  readonly missing: readonly MissingContent[]
  /** All of the bundle, and of what it counts on, that is at the target. */
  readonly contents: readonly Digest[]
}

const BLOBS_AT_ONCE = 8

/**
 * Brings all images of a bundle to a target, and asks nobody else: blobs first, then manifests, tags last. What is there
 * is not sent again. Rejects as the target and the bundle do where it is about no content in particular.
 */
export async function importBundle(
  runtime: Pick<Runtime, 'createHash'>,
  bundle: OpenedBundle,
  at: ImportTarget,
  options: ImportOptions,
): Promise<ImportReport> {
  const { signal } = options
  const work = new ImportWork(runtime, planImport(bundle.index, options), at, options)
  await work.greet()
  await work.checkAssumed()
  const source = { location: bundle.location, blob: blobsOf(bundle) }
  const aborted = signal && { signal }
  await new Semaphore(BLOBS_AT_ONCE).map(blobsIn(bundle), async (content) => {
    const found = await work.look(content)
    const read = (start: number) =>
      told(blobStream(source, content, start, { ...runtime, ...aborted }), options.onBytes)
    await work.bring(content, found, read)
  })
  return finishImport(work, (content) => readContent(runtime, bundle, content), options)
}

/** Brings manifests when blobs are there, and says what became of everything. */
export async function finishImport(
  work: ImportWork,
  read: ReadManifest,
  { signal, onImage = () => {} }: ImportOptions,
): Promise<ImportReport> {
  const { images, faults } = await importManifests(work, read, onImage)
  signal?.throwIfAborted()
  const { index } = work.plan
  const contents = [...index.contents, ...index.assumed].filter((each) => work.isThere(each))
  return {
    ...{ images, faults, totals: work.tally },
    lost: [...work.lost].map(([digest, repositories]) => ({ digest, repositories })),
    missing: index.missing,
    contents: contents.map(({ digest }) => digest).sort(),
  }
}

/** Tells of the bytes of a stream as they are read. */
export function told(
  body: ReadableStream<Uint8Array>,
  onBytes: (bytes: number) => void = () => {},
): ReadableStream<Uint8Array> {
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        onBytes(piece.length)
        controller.enqueue(piece)
      },
    }),
  )
}

function blobsIn({ index }: OpenedBundle): readonly BundleContent[] {
  return index.contents.filter(({ mediaType }) => mediaType === undefined)
}
