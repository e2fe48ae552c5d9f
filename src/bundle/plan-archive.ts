import { PortolanError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { parseReference } from '../oci/reference.ts'
import type { CopyJob, CopyOptions, CopySource } from '../replication/images/copy-images.ts'
import { missingPlatforms } from '../replication/images/missing-platforms.ts'
import { type ManifestContent, readManifestContent } from '../replication/manifest-content.ts'
import { orFault } from '../replication/manifest-reader.ts'
import type { ExportedImage } from './collect.ts'
import { keepSome } from './export-bundle.ts'
import type { MissingContent } from './form.ts'
import { imageName } from './image-name.ts'
import type { BundlePlan } from './lay-out.ts'
import { planBundle } from './plan-bundle.ts'

/** What is to be in an archive, and what cannot be. */
export interface ArchivePlan {
  /** Of the images that are whole. */
  readonly plan: BundlePlan
  readonly images: readonly ExportedImage[]
  /** What each image is, as far as that could be found out. */
  readonly digests: ReadonlyMap<CopyJob, Digest>
  /** Why the others are not in it. */
  readonly failed: ReadonlyMap<CopyJob, readonly PortolanError[]>
  /** What is wrong with no image in particular; nothing is to be written where it makes the archive less than whole. */
  readonly faults: readonly PortolanError[]
  readonly isWhole: boolean
  /** Manifests whose bytes are at hand. */
  readonly atHand: ReadonlyMap<Digest, Uint8Array<ArrayBuffer>>
}

type Asking = Pick<CopyOptions, 'platforms' | 'referrers'> & { readonly signal: AbortSignal }

/** Finds out what an archive of these images would be: one with which something is wrong is left out of it, with the reason. */
export async function planArchive(jobs: readonly CopyJob[], asking: Asking): Promise<ArchivePlan> {
  const failed = new Map<CopyJob, readonly PortolanError[]>()
  const digests = new Map<CopyJob, Digest>()
  for (const [job, found] of await resolveAll(jobs)) {
    if (found instanceof PortolanError) failed.set(job, [found])
    else digests.set(job, found)
  }
  const atHand = new Map<Digest, Uint8Array<ArrayBuffer>>()
  const contents = new Map<Digest, ManifestContent>()
  const keep = keepSome(atHand)
  const planOf = (images: readonly ExportedImage[]) =>
    planBundle(images, {
      ...{ ...asking, known: new Set<Digest>(), partSize: null },
      onManifest(digest, bytes) {
        keep(digest, bytes)
        contents.set(digest, readManifestContent({ mediaType: '', bytes }, digest))
      },
    })
  const exported = exportedImages(digests)
  let plan = await planOf([...exported.values()])
  for (const [job, digest] of digests) {
    const faults = faultsOf(digest, plan.missing, contents, asking)
    if (faults.length > 0) failed.set(job, faults)
  }
  const images = [...exported].filter(([job]) => !failed.has(job)).map(([, image]) => image)
  // What belongs to them alone goes with them.
  if (images.length < exported.size) plan = await planOf(images)
  return {
    ...{ plan, images, digests, failed, atHand },
    faults: plan.missing.map(faultOf),
    isWhole: plan.images.length > 0 && !plan.missing.some(isContent),
  }
}

/** How an image is called in an archive. */
export function nameInArchive({ to, digest }: Pick<CopyJob, 'to' | 'digest'>): string {
  return imageName({ ...readName(to.name), tag: to.tag, digest })
}

/** What begins a name and looks like a host is one. */
function readName(text: CopyJob['name']): { readonly host: string; readonly name: CopyJob['name'] } {
  const { host = '', name } = parseReference(text)
  return { host, name }
}

/** What each image is now. */
async function resolveAll(jobs: readonly CopyJob[]): Promise<[CopyJob, Digest | PortolanError][]> {
  return Promise.all(
    jobs.map(async (job) => {
      const { source, name, tag, digest, written } = job
      const found =
        digest ?? (await orFault(async () => (await source.repository(name).resolve(tag!))?.digest))
      const isMissing = found === undefined
      return [job, isMissing ? new PortolanError('CONTENT_INVALID', `${written} is not there`) : found]
    }),
  )
}

/** The images under the names that they are to have there, whatever their source calls them. */
function exportedImages(digests: ReadonlyMap<CopyJob, Digest>): ReadonlyMap<CopyJob, ExportedImage> {
  const sources = new Map<CopySource, Map<string, CopySource>>()
  const renamed = (source: CopySource, name: CopyJob['name']): CopySource => {
    const byName = sources.get(source) ?? new Map<string, CopySource>()
    sources.set(source, byName)
    const known = byName.get(name) ?? { location: source.location, repository: () => source.repository(name) }
    byName.set(name, known)
    return known
  }
  return new Map(
    [...digests].map(([job, digest]) => {
      const tag = job.to.tag && { tag: job.to.tag }
      return [job, { ...readName(job.to.name), source: renamed(job.source, job.name), ...tag, digest }]
    }),
  )
}

/** What an image lacks of what it leads to, and whether it has a platform that is wanted. */
function faultsOf(
  digest: Digest,
  missing: readonly MissingContent[],
  contents: ReadonlyMap<Digest, ManifestContent>,
  { platforms }: Asking,
): readonly PortolanError[] {
  const led = new Set([digest])
  for (const each of led) {
    const { manifests = [], blobs = [] } = contents.get(each) ?? {}
    for (const named of [...manifests, ...blobs]) led.add(named.digest)
  }
  const none = missingPlatforms(digest, contents.get(digest), platforms)
  const lacking = missing.filter((each) => each.digest !== undefined && led.has(each.digest))
  return [...(none === undefined ? [] : [none]), ...lacking.map(faultOf)]
}

/** Whether it is content that is missing, and not only an answer to whether there are signatures. */
function isContent({ digest, why }: MissingContent): boolean {
  return digest !== undefined || why !== 'unknown'
}

function faultOf({ why, message, digest }: MissingContent): PortolanError {
  // Whether nobody answered or nobody may ask does not stand there where it is about signatures alone.
  const isAsked = why === 'unknown' && digest !== undefined
  const code = why === 'refused' ? 'ACCESS_DENIED' : isAsked ? 'UNREACHABLE' : 'CONTENT_INVALID'
  return new PortolanError(code, message, { ...(digest && { digest }) })
}
