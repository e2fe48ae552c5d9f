import { PortolanError } from '../../errors.ts'
import { Semaphore } from '../../internal/semaphore.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Name } from '../../oci/name.ts'
import type { Registry } from '../../registry/reader.ts'
import { assembleReachable } from '../assemble.ts'
import { type ManifestCache, ManifestReader, orFault } from '../manifest-reader.ts'
import type { Reachable } from '../reachable.ts'
import { RepositoryWalk, type WalkedRepository } from '../walk-repository.ts'
import type { CopyJob, CopyOptions } from './copy-images.ts'
import { listSignatureTags } from './listed-tags.ts'
import { missingPlatforms } from './missing-platforms.ts'

/** The repositories that images come from, as one registry. */
export interface JobsUpstream extends Registry {
  /** What the repository of an image is called in it. */
  nameOf(job: CopyJob): Name
}

/** Makes one registry of all that these images come from, under the names that they are to have. */
export function upstreamOf(jobs: readonly CopyJob[]): JobsUpstream {
  const names = new Map<CopyJob, Name>()
  const repositories = new Map<Name, CopyJob>()
  for (const job of jobs) {
    let name = job.to.name
    // Two sources may have repositories of one name, which need not be the same.
    for (let count = 2; isOther(repositories.get(name), job); count++)
      name = `${job.to.name}/${count}` as Name
    repositories.set(name, job)
    names.set(job, name)
  }
  const none = async function* () {}
  return {
    location: 'the sources',
    nameOf: (job) => names.get(job)!,
    repository(name) {
      const job = repositories.get(name)!
      return job.source.repository(job.name)
    },
    catalog: none,
    childRepositories: none,
    elsewhere: (url) => {
      throw new PortolanError('CONTENT_INVALID', `${url} is not asked: foreign layers are not copied`)
    },
  }
}

function isOther(known: CopyJob | undefined, { source, name }: CopyJob): boolean {
  return known !== undefined && (known.source !== source || known.name !== name)
}

/** What images lead to, what each of them is, and why some cannot be copied. */
export interface WalkedJobs extends Reachable {
  readonly digests: ReadonlyMap<CopyJob, Digest>
  readonly failed: ReadonlyMap<CopyJob, PortolanError>
}

const QUESTIONS_AT_ONCE = 16
const REPOSITORIES_AT_ONCE = 4

/** Follows images to all that they lead to; what is wrong with one stops no other one. */
export async function walkJobs(
  upstream: JobsUpstream,
  jobs: readonly CopyJob[],
  cache: ManifestCache,
  { platforms, referrers }: Pick<CopyOptions, 'platforms' | 'referrers'>,
): Promise<WalkedJobs> {
  const places = new Semaphore(QUESTIONS_AT_ONCE)
  const manifests = new ManifestReader(upstream, cache, places)
  const digests = new Map<CopyJob, Digest>()
  const failed = new Map<CopyJob, PortolanError>()
  const find = async (job: CopyJob, name: Name) => {
    const { tag, written } = job
    const asked = async () => job.digest ?? (await upstream.repository(name).resolve(tag!))?.digest
    const digest = await orFault(() => places.run(asked))
    if (digest instanceof PortolanError) return digest
    if (digest === undefined) return new PortolanError('CONTENT_INVALID', `${written} is not there`)
    digests.set(job, digest)
    const content = platforms.length > 0 ? await manifests.read(name, digest) : undefined
    return content instanceof PortolanError ? content : missingPlatforms(digest, content, platforms)
  }
  const walkOne = async ([name, group]: [Name, CopyJob[]]): Promise<WalkedRepository> => {
    for (const job of group) {
      const fault = await find(job, name)
      if (fault !== undefined) failed.set(job, fault)
    }
    const repository = upstream.repository(name)
    const roots = group
      .filter((job) => !failed.has(job))
      .map((job) => ({ digest: digests.get(job)!, ...(job.to.tag && { tag: job.to.tag }) }))
    const listed =
      referrers && roots.length > 0 ? await listSignatureTags(repository) : { tags: [], faults: [] }
    const walking = new RepositoryWalk(name, { repository, manifests, places, platforms, referrers })
    const walked = await walking.walkRoots(roots, listed.tags)
    return { ...walked, faults: [...listed.faults, ...walked.faults] }
  }
  const groups = Map.groupBy(jobs, (job) => upstream.nameOf(job))
  const repositories = await new Semaphore(REPOSITORIES_AT_ONCE).map(groups, walkOne)
  const reachable = assembleReachable(repositories, manifests.contents, { foreignLayers: 'skip' })
  return { ...reachable, digests, failed }
}
