import { PortolanError } from '../../errors.ts'
import { Semaphore } from '../../internal/semaphore.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Platform } from '../../oci/manifest.ts'
import type { Name, Tag } from '../../oci/name.ts'
import type { Registry } from '../../registry/reader.ts'
import type { Runtime } from '../../runtime.ts'
import { ManifestMemory, ManifestReader, orFault } from '../manifest-reader.ts'
import { RepositoryWalk, type WalkedRepository } from '../walk-repository.ts'
import { type CopiedImage, type CopyReport, emptyTally, isUnreachable } from './copy-report.ts'
import type { CopyTarget } from './copy-target.ts'
import { isAbout, listSignatureTags } from './listed-tags.ts'
import { missingPlatforms } from './missing-platforms.ts'
import { createTagCheck } from './one-tag.ts'
import { type CopyWork, TargetContent } from './target-content.ts'

/** Where images are copied from: a registry, an image layout. */
export type CopySource = Pick<Registry, 'location' | 'repository'>

/** One image that is to be copied; by its digest where it has one, else by what its tag stands for now. */
export interface CopyJob {
  readonly source: CopySource
  readonly name: Name
  readonly tag?: Tag | undefined
  readonly digest?: Digest | undefined
  /** How to name it to people, such as `HOST/NAME:TAG` or `oci:FOLDER:NAME:TAG`. */
  readonly written: string
  /** Under which name and tag at the target; without a tag it is there by its digest alone. */
  readonly to: { readonly name: Name; readonly tag?: Tag | undefined }
}

export interface CopyOptions {
  /** Of images for several platforms, which come along; empty for all. */
  readonly platforms: readonly Platform[]
  /** Whether signatures and other referrers come along. */
  readonly referrers: boolean
  /** Says what would be written, and writes nothing. */
  readonly dryRun: boolean
  readonly signal?: AbortSignal
  /** Told of bytes as they are sent, and of each image when it is done. */
  readonly onBytes?: (bytes: number) => void
  readonly onImage?: (image: CopiedImage) => void
}

const QUESTIONS_AT_ONCE = 16
const BLOBS_AT_ONCE = 8
const REPOSITORIES_AT_ONCE = 8
/**
 * Copies images as they are: bytes verbatim, blobs first, then manifests, tags last. What one image lacks stops no other
 * one. What a tag of the target stands for already is not read, unless there may be new referrers.
 */
export async function copyImages(
  runtime: Pick<Runtime, 'createHash'>,
  target: CopyTarget,
  jobs: readonly CopyJob[],
  options: CopyOptions,
): Promise<CopyReport> {
  const { signal, onBytes = () => {}, onImage = () => {} } = options
  const work: CopyWork = {
    runtime,
    target,
    places: new Semaphore(QUESTIONS_AT_ONCE),
    blobPlaces: new Semaphore(BLOBS_AT_ONCE),
    tally: emptyTally(),
    located: new Map(),
    ...(signal && { signal }),
    onBytes,
  }
  const digestOf = memoized((job) => work.places.run(() => resolveJob(job)))
  const naming: Naming = { digestOf, checkTag: createTagCheck(jobs, digestOf) }
  const groups = [...Map.groupBy(jobs, groupOf(jobs)).values()]
  const done = new Map<CopyJob, CopiedImage>()
  const told: PortolanError[] = []
  const others = await new Semaphore(REPOSITORIES_AT_ONCE).map(groups, (group) => {
    return new RepositoryCopy(group, work, naming, options).run((job, outcome, faults = []) => {
      const image = { ...outcome, faults: faults.map(({ message }) => message) }
      told.push(...faults)
      done.set(job, image)
      onImage(image)
    })
  })
  signal?.throwIfAborted()
  const faults = others.flat()
  return {
    images: jobs.map((job) => done.get(job)!),
    faults: faults.map(({ message }) => message),
    isUnreachable: isUnreachable([...told, ...faults]),
    totals: work.tally,
  }
}

async function resolveJob({ source, name, tag, digest }: CopyJob): Promise<Digest | undefined> {
  return digest ?? (await source.repository(name).resolve(tag!))?.digest
}

/** What an image is now at its source; `undefined` where it is not there. */
type DigestOf = (job: CopyJob) => Promise<Digest | undefined>

function memoized(digestOf: DigestOf): DigestOf {
  const asked = new Map<CopyJob, ReturnType<DigestOf>>()
  return (job) => {
    const asking = asked.get(job) ?? digestOf(job)
    asked.set(job, asking)
    return asking
  }
}

/** What images are, and whether each has its tag at the target for itself. */
interface Naming {
  readonly digestOf: DigestOf
  readonly checkTag: (job: CopyJob, digest: Digest) => Promise<void>
}

/** Those of one repository that go to one repository are copied together. */
function groupOf(jobs: readonly CopyJob[]): (job: CopyJob) => string {
  const sources = [...new Set(jobs.map(({ source }) => source))]
  return ({ source, name, to }) => `${sources.indexOf(source)} ${name} ${to.name}`
}

/** Told of each image when it is done, and of what is wrong with it. */
type Done = (job: CopyJob, outcome: Omit<CopiedImage, 'faults'>, faults?: readonly PortolanError[]) => void

/** An image, and what was found out of it. */
interface Found {
  readonly job: CopyJob
  readonly digest: Digest
  /** Whether its tag at the target stands for it already. */
  readonly isThere: boolean
}

/** The images that go from one repository to another one. */
class RepositoryCopy {
  readonly #jobs: readonly CopyJob[]
  readonly #work: CopyWork
  readonly #naming: Naming
  readonly #options: CopyOptions
  readonly #memory = new ManifestMemory()

  constructor(jobs: readonly CopyJob[], work: CopyWork, naming: Naming, options: CopyOptions) {
    this.#jobs = jobs
    this.#work = work
    this.#naming = naming
    this.#options = options
  }

  /** Gives what is wrong with none of the images in particular. */
  async run(done: Done): Promise<readonly PortolanError[]> {
    const found: Found[] = []
    await Promise.all(
      this.#jobs.map(async (job) => {
        const each = await orFault(() => this.#find(job))
        if (each instanceof PortolanError) done(job, { ...this.#named(job), status: 'failed' }, [each])
        else found.push(each)
      }),
    )
    const { dryRun, referrers } = this.#options
    const isDone = ({ isThere }: Found) => dryRun || (isThere && !referrers)
    for (const { job, digest, isThere } of found.filter(isDone)) {
      done(job, { ...this.#named(job), digest, status: isThere ? 'there' : 'planned' })
    }
    const rest = found.filter((each) => !isDone(each))
    return rest.length === 0 ? [] : this.#copy(rest, done)
  }

  /** What an image is now, at its source and at the target. */
  async #find(job: CopyJob): Promise<Found> {
    const { to, written } = job
    const { places, target } = this.#work
    const { digestOf, checkTag } = this.#naming
    const [digest, before] = await Promise.all([
      digestOf(job),
      to.tag && places.run(() => target.repository(to.name).resolve(to.tag!)),
    ])
    if (digest === undefined) {
      throw new PortolanError('CONTENT_INVALID', `${written} is not there`)
    }
    await checkTag(job, digest)
    return { job, digest, isThere: digest === before }
  }

  /** Copies what was found with all that it leads to. */
  async #copy(found: readonly Found[], done: Done): Promise<readonly PortolanError[]> {
    const { source, name, to } = found[0]!.job
    const { places } = this.#work
    const { platforms, referrers } = this.#options
    const repository = source.repository(name)
    const manifests = new ManifestReader(source, this.#memory, places)
    const walking = new RepositoryWalk(name, { repository, manifests, places, platforms, referrers })
    const listed = referrers ? await listSignatureTags(repository) : { tags: [], faults: [] }
    const roots = found.map(({ job, digest }) => ({ digest, ...(job.tag && { tag: job.tag }) }))
    const walked = await walking.walkRoots(roots, listed.tags)
    const content = new TargetContent(to.name, this.#work, {
      source: repository,
      contents: manifests.contents,
      reached: walked.reached,
      bytes: (digest) => this.#memory.bytes(digest),
    })
    const told = new Set<PortolanError>()
    await Promise.all(
      found.map(async (each) => {
        const faults = walked.faults.filter((fault) =>
          isAbout(fault, name, { tag: each.job.tag, digest: each.digest }),
        )
        for (const fault of faults) told.add(fault)
        const missing = missingPlatforms(each.digest, manifests.contents.get(each.digest), platforms)
        const failure = missing ?? (await orFault(() => this.#put(each, walked, content)))
        if (failure instanceof PortolanError) faults.push(failure)
        const status = faults.length > 0 ? 'failed' : each.isThere ? 'there' : 'copied'
        done(each.job, { ...this.#named(each.job), digest: each.digest, status }, faults)
      }),
    )
    const others = [...listed.faults, ...walked.faults.filter((fault) => !told.has(fault))]
    const failed = await this.#putReferrers(found, walked, content)
    return [...others, ...failed]
  }

  async #put({ job, digest, isThere }: Found, walked: WalkedRepository, content: TargetContent) {
    // One that could not be read is among the faults of the walk.
    if (isThere || !walked.reached.has(digest)) return
    await content.putTagged(digest, job.to.tag ? [job.to.tag] : [])
  }

  /** What hangs on the images, which are there by now: by lists of referrers, and by tags that name a digest. */
  async #putReferrers(
    found: readonly Found[],
    walked: WalkedRepository,
    content: TargetContent,
  ): Promise<readonly PortolanError[]> {
    const roots = new Set(found.map(({ digest }) => digest))
    const tagged = walked.images.filter(({ digest }) => !roots.has(digest))
    const faults: PortolanError[] = []
    const attempt = async (work: () => Promise<unknown>) => {
      const fault = await orFault(work)
      if (fault instanceof PortolanError) faults.push(fault)
    }
    for (const { tag, digest } of tagged) await attempt(() => this.#putSignature(content, tag, digest))
    for (const digest of walked.reached) {
      // An image that could not be copied has been told of, and so has what belongs to it.
      if (!roots.has(digest)) await attempt(() => content.put(digest))
    }
    return faults
  }

  async #putSignature(content: TargetContent, tag: Tag, digest: Digest): Promise<void> {
    const { target, places } = this.#work
    const { name } = this.#jobs[0]!.to
    const before = await places.run(() => target.repository(name).resolve(tag))
    if (before !== digest) await content.putTagged(digest, [tag])
  }

  #named({ written, digest, to }: CopyJob): Pick<CopiedImage, 'source' | 'target'> {
    const { name, tag } = to
    const target = { name, ...(tag ? { tag } : digest && { digest }) }
    return { source: written, target: this.#work.target.nameOf(target) }
  }
}
