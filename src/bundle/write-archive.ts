import type { CopyJob, CopyOptions } from '../replication/images/copy-images.ts'
import {
  type CopiedImage,
  type CopyReport,
  type CopyTally,
  emptyTally,
  isUnreachable,
} from '../replication/images/copy-report.ts'
import type { Runtime } from '../runtime.ts'
import { readersOf } from './export-bundle.ts'
import { layOut } from './lay-out.ts'
import { type ArchivePlan, nameInArchive, planArchive } from './plan-archive.ts'
import { type BundleStream, writeContents } from './write-bundle.ts'

/** A file that an archive is written to, or a pipe. */
export interface ArchiveOutput {
  /** How to name it to people, such as `oci-archive:FILE`. */
  readonly location: string
  /** Whether it is there already, by its beginning and how long it is. */
  isThere(head: Uint8Array, length: number): Promise<boolean>
  /** Opens what is written until it is whole; an earlier run may have begun it. Throws `FILE_UNWRITABLE`. */
  open(length: number): Promise<BundleStream>
  /** All is written: gives it its name. Throws `FILE_UNWRITABLE`. */
  finish(): Promise<void>
}

type ArchiveRuntime = Pick<Runtime, 'after' | 'now' | 'random' | 'createHash'>

/**
 * Copies images into an image layout in a tar archive, which is a bundle of one part: the same images give the same bytes.
 * An image with which something is wrong is left out of it and told. What an earlier run has written of the same archive is
 * gone on with. Rejects as {@link writeContents} and the output do: there is no archive then.
 */
export async function writeArchive(
  runtime: ArchiveRuntime,
  output: ArchiveOutput,
  jobs: readonly CopyJob[],
  options: CopyOptions,
): Promise<CopyReport> {
  const { dryRun, onBytes = () => {}, onImage = () => {} } = options
  const asking = { ...options, signal: options.signal ?? new AbortController().signal }
  const planned = await planArchive(jobs, asking)
  const tally = emptyTally()
  const report = (status: CopiedImage['status']) => {
    const made = reportOf(jobs, planned, output.location, status, tally)
    for (const image of made.images) onImage(image)
    return made
  }
  if (!planned.isWhole) return report('failed')
  if (dryRun) return report('planned')
  const { index, head } = await layOut(planned.plan)
  const blobs = index.contents.filter(({ mediaType }) => mediaType === undefined).length
  if (await output.isThere(head, index.length)) {
    tally.there = blobs
    return report('there')
  }
  const stream = await output.open(index.length)
  if (!(await beginsWith(stream, head))) {
    await stream.truncate(0)
    await stream.append(head)
  }
  const readers = readersOf(planned.images)
  await writeContents(runtime, stream, index, {
    sources: (repository) => readers.get(repository) ?? [],
    atHand: (digest) => planned.atHand.get(digest),
    signal: asking.signal,
    onBytes(bytes) {
      tally.bytes += bytes
      onBytes(bytes)
    },
  })
  await output.finish()
  tally.manifests = index.contents.length - blobs
  tally.uploaded = blobs
  return report('copied')
}

async function beginsWith(stream: BundleStream, head: Uint8Array): Promise<boolean> {
  if (stream.length < head.length) return false
  const begun = await stream.read(0, head.length)
  return head.every((byte, at) => begun[at] === byte)
}

function reportOf(
  jobs: readonly CopyJob[],
  { digests, failed, faults, isWhole }: ArchivePlan,
  location: string,
  status: CopiedImage['status'],
  totals: CopyTally,
): CopyReport {
  const images = jobs.map((job): CopiedImage => {
    const digest = digests.get(job)
    const wrong = failed.get(job) ?? []
    const isIn = isWhole && wrong.length === 0
    const name = nameInArchive({ ...job, digest: digest ?? job.digest })
    return {
      source: job.written,
      target: `${location}:${name}`,
      ...(digest && { digest }),
      status: isIn ? status : 'failed',
      faults: isIn || wrong.length > 0 ? wrong.map(({ message }) => message) : [NOT_WHOLE],
    }
  })
  return {
    images,
    faults: faults.map(({ message }) => message),
    isUnreachable: isUnreachable([...failed.values(), faults].flat()),
    totals,
  }
}

const NOT_WHOLE = 'no archive was written: it would not be whole'
