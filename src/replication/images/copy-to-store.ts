import type { Digest } from '../../oci/digest.ts'
import type { SyncFault } from '../events.ts'
import { type SyncParts, sync } from '../sync.ts'
import type { SyncReport } from '../sync-report.ts'
import type { Target } from '../target.ts'
import type { CopyJob, CopyOptions } from './copy-images.ts'
import type { CopiedImage, CopyReport } from './copy-report.ts'
import { isAbout } from './listed-tags.ts'
import { type JobsUpstream, upstreamOf, type WalkedJobs, walkJobs } from './walk-jobs.ts'

/** A store that images are copied to, and what a sync of it needs. */
export interface StoreCopyParts extends Pick<SyncParts, 'runtime' | 'workspace' | 'signer'> {
  /** How to name the store to people, such as `store:ID`. */
  readonly location: string
  readonly target: Target
  /** Blobs at once. */
  readonly concurrency: number
  readonly say: (line: string) => void
}

/**
 * Copies images to a store as {@link sync} fills it: blobs and manifests by digest, one lease, then an inventory that has them
 * beside all that it had, so that doors find them. What a tag stands for is kept nowhere.
 */
export async function copyToStore(
  { runtime, workspace, signer, location, target, concurrency, say }: StoreCopyParts,
  jobs: readonly CopyJob[],
  options: CopyOptions,
): Promise<CopyReport> {
  const { dryRun, signal, onBytes = () => {}, onImage = () => {} } = options
  const upstream = upstreamOf(jobs)
  const stored = new Set<Digest>()
  let walked: WalkedJobs | undefined
  const report = await sync({
    ...{ runtime, workspace, upstream, targets: [target] },
    ...(signer && { signer }),
    ...(signal && { signal }),
    async walk() {
      walked = await walkJobs(upstream, jobs, workspace, options)
      return walked
    },
    report(event) {
      if (event.kind === 'downloaded') onBytes(event.bytes)
      if (event.kind === 'stored') stored.add(event.digest)
      if (event.kind === 'warning') say(event.message)
    },
    options: {
      ...{ concurrency, dryRun, verify: 'sample' },
      ...{ trustExisting: false, recheck: false, takeLease: false },
    },
  })
  signal?.throwIfAborted()
  const made = reportOf({ location, upstream, jobs, stored }, walked!, report)
  for (const image of made.images) onImage(image)
  return made
}

interface StoreWork {
  readonly location: string
  readonly upstream: JobsUpstream
  readonly jobs: readonly CopyJob[]
  readonly stored: ReadonlySet<Digest>
}

function reportOf(
  { location, upstream, jobs, stored }: StoreWork,
  walked: WalkedJobs,
  { faults, dryRun, stores: [store] }: SyncReport,
): CopyReport {
  const { failed, digests, blobs } = walked
  const told = new Set<SyncFault>()
  const statusOf = (part: ReadonlySet<Digest>): CopiedImage['status'] => {
    if (dryRun) return 'planned'
    return part.values().some((digest) => stored.has(digest)) ? 'copied' : 'there'
  }
  // Of a store that cannot be read, or has no inventory of what came, nobody knows what it holds.
  const isUseless = ({ digest, store }: SyncFault) => digest === undefined && store !== undefined
  const images = jobs.map((job): CopiedImage => {
    const digest = digests.get(job)
    const named = { source: job.written, target: digest === undefined ? location : `${location}@${digest}` }
    const fault = failed.get(job)
    if (digest === undefined || fault !== undefined)
      return { ...named, status: 'failed', faults: [fault!.message], ...(digest && { digest }) }
    const part = partsOf(digest, walked)
    const about = { tag: job.to.tag, digest }
    const wrong = faults.filter(
      (each) =>
        isUseless(each) ||
        isAbout(each, upstream.nameOf(job), about) ||
        (each.digest !== undefined && part.has(each.digest)),
    )
    for (const each of wrong) told.add(each)
    const status = wrong.length > 0 ? 'failed' : statusOf(part)
    return { ...named, digest, status, faults: wrong.map(({ message }) => message) }
  })
  const others = faults.filter((fault) => !told.has(fault))
  const codes = [...failed.values(), ...faults].map(({ code }) => code)
  return {
    images,
    faults: others.map(({ message }) => message),
    isUnreachable: codes.length > 0 && codes.every((code) => code === 'UNREACHABLE'),
    totals: {
      manifests: store?.stored.manifests ?? 0,
      uploaded: store?.stored.blobs ?? 0,
      bytes: store?.stored.bytes ?? 0,
      mounted: 0,
      there: dryRun ? 0 : blobs.size - (store?.planned.blobs ?? 0),
    },
  }
}

/** A manifest, and all that it leads to. */
function partsOf(digest: Digest, { manifests }: WalkedJobs): ReadonlySet<Digest> {
  const found = new Set([digest])
  for (const each of found) for (const named of manifests.get(each)?.content ?? []) found.add(named)
  return found
}
