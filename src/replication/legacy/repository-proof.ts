import { PortolanError } from '../../errors.ts'
import type { Semaphore } from '../../internal/semaphore.ts'
import type { LegacyFinding } from '../../legacy/legacy-list.ts'
import type { Digest } from '../../oci/digest.ts'
import { parseManifest } from '../../oci/manifest.ts'
import type { Tag } from '../../oci/name.ts'
import { fallbackTag } from '../../registry/fallback-referrers.ts'
import type { RepositoryReader } from '../../registry/reader.ts'
import { createImageFinder } from '../affected-images.ts'
import type { ManifestContent } from '../manifest-content.ts'
import { ManifestReader, orFault } from '../manifest-reader.ts'
import { RepositoryWalk } from '../walk-repository.ts'
import { AskedRepository, isNotAsked, type Questions } from './asked-repository.ts'
import type { Findings } from './findings.ts'
import type { OldRepository } from './old-name.ts'
import { NOTHING_KEPT } from './read-old-repository.ts'

export interface ProofParts {
  readonly findings: Findings
  readonly questions: Questions
  readonly places: Semaphore
  /** Whether blobs are asked for. */
  readonly blobs: boolean
  /** Told whenever something was counted. */
  readonly report: () => void
}

type What = LegacyFinding['what']

/** Images that a message names. */
const IMAGES_NAMED = 2

/** Proves of one repository that the new name has all that the old one has, and finds what it has not. */
export class RepositoryProof {
  readonly #old: OldRepository
  readonly #parts: ProofParts
  readonly #repository: AskedRepository
  readonly #contents: Map<Digest, ManifestContent>
  readonly #referrers: ReadonlySet<Digest>
  /** Tags whose lists are compared by what they name: the new name may know of more. */
  readonly #fallbackTags: ReadonlySet<Tag>
  /** What tags should stand for that are not there: of these it is said already. */
  readonly #untagged = new Set<Digest>()
  #finder: ReturnType<typeof createImageFinder> | undefined

  constructor(old: OldRepository, repository: RepositoryReader, parts: ProofParts) {
    this.#old = old
    this.#parts = parts
    this.#repository = new AskedRepository(repository, parts.questions)
    this.#contents = new Map(old.contents)
    this.#referrers = new Set([...old.referrers.values()].flat())
    this.#fallbackTags = new Set(
      [...old.referrers.keys()].map(fallbackTag).filter((tag) => old.tags.has(tag)),
    )
  }

  async prove(): Promise<void> {
    await this.#proveTags()
    const there = await this.#proveManifests()
    await this.#proveReferrers()
    if (this.#parts.blobs) await this.#proveBlobs(there)
  }

  async #proveTags(): Promise<void> {
    const { name, tags } = this.#old
    const compared = [...tags].filter(([tag]) => !this.#fallbackTags.has(tag))
    this.#count('tags', tags.size - compared.length)
    await this.#parts.places.map(compared, async ([tag, digest]) => {
      const found = await orFault(() => this.#repository.resolve(tag))
      this.#count('tags', 1)
      if (found instanceof PortolanError) this.#noteFault('tag', `${name}:${tag}`, found)
      else if (found === undefined) {
        this.#find('missing', 'tag', `${name}:${tag}`, 'is not there')
        this.#untagged.add(digest)
      } else if (found.digest !== digest) {
        const message = `stands for ${found.digest} there, and for ${digest} at the old name`
        this.#find('different', 'tag', `${name}:${tag}`, message)
      }
    })
  }

  /** Gives the manifests that are there and what they are. */
  async #proveManifests(): Promise<readonly ManifestContent[]> {
    const { name, tags, lacks, contents } = this.#old
    const { places } = this.#parts
    const manifests = new ManifestReader({ repository: () => this.#repository }, NOTHING_KEPT, places)
    const parts = { repository: this.#repository, manifests, places, platforms: [], referrers: false }
    const listsOfReferrers = new Set([...this.#fallbackTags].map((tag) => tags.get(tag)!))
    const roots = new Set([...tags.values(), ...this.#referrers, ...contents.keys()])
    const wanted = [...roots].filter((digest) => !listsOfReferrers.has(digest) && !lacks.has(digest))
    const { reached, unread } = await new RepositoryWalk(name, parts).walkRoots(
      wanted.map((digest) => ({ digest })),
      [],
    )
    for (const [digest, content] of manifests.contents) this.#contents.set(digest, content)
    const unfound = [...unread].filter((digest) => !lacks.has(digest))
    const all = [...reached, ...unfound]
    this.#count('manifests', all.filter((digest) => !this.#referrers.has(digest)).length)
    for (const digest of unfound) this.#lackManifest(digest)
    return [...reached].map((digest) => manifests.contents.get(digest)!)
  }

  #lackManifest(digest: Digest): void {
    const image = `${this.#old.name}@${digest}`
    const what = this.#referrers.has(digest) ? 'referrer' : 'manifest'
    const why = this.#repository.lacking.get(digest)
    if (why === 'absent') {
      if (!this.#untagged.has(digest)) this.#find('missing', what, image, 'is not there', digest)
    } else if (why !== undefined) this.#noteFault(what, image, why, digest)
    else this.#find('different', what, image, 'cannot be read, or not be verified', digest)
  }

  /** What refers to a manifest has to be on a list, or nobody would find it. */
  async #proveReferrers(): Promise<void> {
    const { name, referrers } = this.#old
    await this.#parts.places.map(referrers, async ([subject, digests]) => {
      const listed = await orFault(() => this.#listedReferrers(subject))
      this.#count('referrers', digests.length)
      if (listed instanceof PortolanError) {
        this.#noteFault('referrer', `${name}@${subject}`, listed, subject)
        return
      }
      for (const digest of digests) {
        if (listed.has(digest) || this.#repository.lacking.has(digest)) continue
        const message = `is on no list of what refers to ${subject} there`
        this.#find('missing', 'referrer', `${name}@${digest}`, message, digest)
      }
    })
  }

  async #listedReferrers(subject: Digest): Promise<ReadonlySet<Digest>> {
    const listed = await this.#repository.referrers(subject)
    if (listed !== 'unsupported') return new Set(listed.map(({ digest }) => digest))
    const index = await this.#repository.manifest(fallbackTag(subject))
    const list = index && parseManifest(index.bytes, `${this.#old.name}:${fallbackTag(subject)}`)
    return new Set(list?.kind === 'index' ? list.manifests.map(({ digest }) => digest) : [])
  }

  async #proveBlobs(there: readonly ManifestContent[]): Promise<void> {
    const blobs = new Map(there.flatMap((content) => content.blobs.map((blob) => [blob.digest, blob.size])))
    await this.#parts.places.map(blobs, async ([digest, size]) => {
      const image = `${this.#old.name}@${digest}`
      const found = await orFault(() => this.#repository.stat(digest))
      this.#count('blobs', 1)
      if (found instanceof PortolanError) this.#noteFault('blob', image, found, digest)
      else if (found === undefined) this.#find('missing', 'blob', image, 'is not there', digest)
      else if (size !== undefined && found.size !== undefined && found.size !== size) {
        this.#find('different', 'blob', image, `has ${found.size} bytes there; expected ${size}`, digest)
      }
    })
  }

  #count(what: Parameters<Findings['count']>[0], more: number): void {
    this.#parts.findings.count(what, more)
    this.#parts.report()
  }

  /** Content that is not what it is called is another one; of any other answer, nobody knows what it means. */
  #noteFault(what: What, image: string, fault: PortolanError, digest?: Digest): void {
    if (isNotAsked(fault)) this.#parts.findings.countUnknown()
    else if (fault.code === 'CONTENT_INVALID') this.#find('different', what, image, fault.message, digest)
    else this.#add({ kind: 'unknown', what, image, message: fault.message }, false, digest)
  }

  #find(kind: 'missing' | 'different', what: What, image: string, message: string, digest?: Digest): void {
    const { images, imageCount } = digest === undefined ? NO_IMAGES : this.#imagesOf(digest)
    const named = images.slice(0, IMAGES_NAMED).join(', ')
    const more = imageCount > IMAGES_NAMED ? ` and ${imageCount - IMAGES_NAMED} more` : ''
    const of = named === '' ? '' : `; part of ${named}${more}`
    const [partOf] = images
    const finding = { kind, what, image, message: message + of, ...(partOf !== undefined && { partOf }) }
    this.#add(finding, true, digest)
  }

  #add(finding: LegacyFinding, lasting: boolean, digest?: Digest): void {
    const holders = () => (digest === undefined ? [] : this.#imagesOf(digest).images)
    this.#parts.findings.add(finding, { holders, lasting })
  }

  #imagesOf(digest: Digest) {
    this.#finder ??= this.#createFinder()
    return this.#finder(digest)
  }

  #createFinder() {
    const { name, tags, referrers } = this.#old
    const images = [...tags].map(([tag, root]) => ({ name, tag, digest: root }))
    const subjects = new Set([...this.#contents.keys(), ...referrers.keys()])
    const manifests = new Map(
      [...subjects].map((digest) => {
        const { manifests = [], blobs = [] } = this.#contents.get(digest) ?? {}
        const named = [...manifests, ...blobs].map((each) => each.digest)
        return [digest, { digest, content: [...named, ...(referrers.get(digest) ?? [])] }]
      }),
    )
    return createImageFinder({ images, manifests }, Number.POSITIVE_INFINITY)
  }
}

const NO_IMAGES = { images: [], imageCount: 0 }
