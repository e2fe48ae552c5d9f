import { PortolanError } from '../errors.ts'
import type { Semaphore } from '../internal/semaphore.ts'
import { type Digest, digestAlgorithm, digestEncoded } from '../oci/digest.ts'
import { keepPlatforms } from '../oci/keep-platforms.ts'
import type { Platform } from '../oci/manifest.ts'
import { isSignatureTag, type Name, type Tag } from '../oci/name.ts'
import type { RepositoryReader } from '../registry/reader.ts'
import { leadsOn } from './manifest-content.ts'
import { type ManifestReader, orFault } from './manifest-reader.ts'
import type { ReachableImage } from './reachable.ts'
import type { RepositoryMemory } from './repository-memory.ts'

/** How deep indexes may stand in indexes, and referrers may be about referrers, all counted from the tag. */
const MAX_DEPTH = 8
/** Far more than any image has; an index of 4 MiB, the largest that is read, can name nearly three times as many. */
const MAX_MANIFESTS_PER_IMAGE = 10_000

/** Where a walk begins. */
export interface WalkRoot {
  readonly tag?: Tag
  readonly digest: Digest
}

/** What the tags of one repository lead to. */
export interface WalkedRepository {
  readonly name: Name
  readonly images: readonly ReachableImage[]
  /** Manifests, those of an image before those that they name. */
  readonly reached: ReadonlySet<Digest>
  /** Manifests that belong there, but could not be read. */
  readonly unread: ReadonlySet<Digest>
  readonly faults: readonly PortolanError[]
}

export interface RepositoryWalkParts {
  readonly repository: RepositoryReader
  readonly manifests: ManifestReader
  readonly places: Semaphore
  readonly platforms: readonly Platform[]
  readonly referrers: boolean
  /** What earlier walks were told; without it everything is asked. */
  readonly memory?: RepositoryMemory
}

/** Follows the tags of one repository; nothing that is wrong in it stops the rest. */
export class RepositoryWalk {
  readonly #name: Name
  readonly #parts: RepositoryWalkParts
  readonly #images: ReachableImage[] = []
  readonly #reached = new Set<Digest>()
  readonly #unread = new Set<Digest>()
  readonly #faults: PortolanError[] = []
  readonly #steps = new Map<Digest, Promise<Step>>()
  #hasReferrers: Promise<boolean> | undefined

  constructor(name: Name, parts: RepositoryWalkParts) {
    this.#name = name
    this.#parts = parts
  }

  /** Follows `chosen`, and those of the `listed` tags that sign what was reached: these, and no other such tags. */
  async walk(chosen: readonly Tag[], listed: readonly Tag[]): Promise<WalkedRepository> {
    await this.#follow(chosen)
    return this.#withSignatures(listed)
  }

  /** The same from digests that are known: of tags, and of what has none. */
  async walkRoots(roots: readonly WalkRoot[], listed: readonly Tag[]): Promise<WalkedRepository> {
    await this.#followRoots(roots)
    return this.#withSignatures(listed)
  }

  async #withSignatures(listed: readonly Tag[]): Promise<WalkedRepository> {
    const signatures = this.#parts.referrers ? signatureTags(listed) : new Map<string, Tag[]>()
    // What this reaches can be signed too.
    for (let asked = 0; asked < this.#reached.size; ) {
      const fresh = [...this.#reached].slice(asked)
      asked = this.#reached.size
      await this.#follow(fresh.flatMap(signedBases).flatMap((base) => signatures.get(base) ?? []))
    }
    return {
      ...{ name: this.#name, images: this.#images },
      ...{ reached: this.#reached, unread: this.#unread, faults: this.#faults },
    }
  }

  async #follow(tags: readonly Tag[]): Promise<void> {
    const resolved = await Promise.all(tags.map((tag) => this.#resolve(tag)))
    const roots: WalkRoot[] = []
    tags.forEach((tag, index) => {
      const digest = resolved[index]!
      if (digest instanceof PortolanError) this.#faults.push(digest)
      else roots.push({ tag, digest })
    })
    await this.#followRoots(roots)
  }

  async #followRoots(roots: readonly WalkRoot[]): Promise<void> {
    const begun = new Map<Digest, Promise<Closure>>()
    for (const { tag, digest } of roots) {
      const image = tag === undefined ? `${this.#name}@${digest}` : `${this.#name}:${tag}`
      if (!begun.has(digest)) begun.set(digest, this.#close(image, digest))
    }
    const closures = new Map(
      await Promise.all([...begun].map(async ([digest, closing]) => [digest, await closing] as const)),
    )
    for (const { reached, unread, faults } of closures.values()) {
      for (const digest of reached) this.#reached.add(digest)
      for (const digest of unread) this.#unread.add(digest)
      this.#faults.push(...faults)
    }
    for (const { tag, digest } of roots) {
      if (tag === undefined || closures.get(digest)!.reached[0] !== digest) continue
      this.#images.push({ name: this.#name, tag, digest })
    }
  }

  async #resolve(tag: Tag): Promise<Digest | PortolanError> {
    const { repository, manifests, places, memory } = this.#parts
    const resolved = await places.run(async () => {
      const found = await orFault(() => repository.resolve(tag, { known: memory?.tag(tag) }))
      // At once, so that no more manifests are in memory than are asked for.
      if (found !== undefined && 'manifest' in found) await manifests.take(this.#name, found.manifest!)
      return found
    })
    const image = `${this.#name}:${tag}`
    if (resolved === undefined) return fault(image, 'it is listed, but is not there')
    if (resolved instanceof PortolanError) return faultOf(image, resolved)
    memory?.noteTag(tag, resolved.digest)
    return resolved.digest
  }

  /** Level by level, so that the way to a manifest is the shortest, whatever answers first. */
  async #close(image: string, root: Digest): Promise<Closure> {
    const reached: Digest[] = []
    const unread: Digest[] = []
    const faults: PortolanError[] = []
    const seen = new Set([root])
    for (let level = [root], depth = 0; level.length > 0; depth++) {
      if (depth > MAX_DEPTH) {
        faults.push(fault(image, `manifests are nested more than ${MAX_DEPTH} deep`))
        unread.push(...level)
        break
      }
      if (seen.size > MAX_MANIFESTS_PER_IMAGE) {
        const message = `it leads to more than ${MAX_MANIFESTS_PER_IMAGE} manifests`
        faults.push(fault(image, message))
        unread.push(...level)
        break
      }
      const steps = await Promise.all(level.map((digest) => this.#step(digest)))
      const next: Digest[] = []
      steps.forEach((step, index) => {
        const read = step.isRead ? reached : unread
        read.push(level[index]!)
        faults.push(...step.faults.map((error) => faultOf(image, error)))
        for (const digest of step.next) {
          if (!seen.has(digest)) next.push(digest)
          seen.add(digest)
        }
      })
      level = next
    }
    return { reached, unread, faults }
  }

  #step(digest: Digest): Promise<Step> {
    let step = this.#steps.get(digest)
    if (step === undefined) {
      step = this.#takeStep(digest)
      this.#steps.set(digest, step)
    }
    return step
  }

  async #takeStep(digest: Digest): Promise<Step> {
    const { manifests, platforms, referrers } = this.#parts
    const content = await manifests.read(this.#name, digest)
    if (content instanceof PortolanError) return { isRead: false, next: [], faults: [content] }
    const children = keepPlatforms(content.manifests, platforms).map((child) => child.digest)
    const about = referrers && !content.isSchema1 ? await this.#referrersOf(digest) : []
    if (about instanceof PortolanError) return { isRead: true, next: children, faults: [about] }
    return { isRead: true, next: [...children, ...about], faults: [] }
  }

  async #referrersOf(digest: Digest): Promise<readonly Digest[] | PortolanError> {
    const { repository, places, memory } = this.#parts
    const known = memory?.referrers(digest)
    if (known !== undefined) return known
    // The first question also says whether there is any use in asking more of them.
    if (this.#hasReferrers !== undefined && !(await this.#hasReferrers)) return []
    const asking = orFault(() => places.run(() => repository.referrers(digest)))
    this.#hasReferrers ??= asking.then((answer) => answer !== 'unsupported')
    const answer = await asking
    if (answer instanceof PortolanError) return answer
    if (answer === 'unsupported') {
      memory?.noteWithoutReferrers()
      return []
    }
    // A referrer that is no manifest breaks the specification and leads nowhere.
    const referrers = answer.filter((each) => leadsOn(each.mediaType)).map((each) => each.digest)
    memory?.noteReferrers(digest, referrers)
    return referrers
  }
}

interface Closure {
  /** The root first, if it could be read. */
  readonly reached: readonly Digest[]
  readonly unread: readonly Digest[]
  readonly faults: readonly PortolanError[]
}

/** What one manifest leads to. */
interface Step {
  readonly isRead: boolean
  readonly next: readonly Digest[]
  readonly faults: readonly PortolanError[]
}

/** Puts what could not be read before what went wrong. */
export function faultOf(what: string, { code, message, facts, cause }: PortolanError): PortolanError {
  return new PortolanError(code, `${what}: ${message}`, facts, cause)
}

function fault(image: string, message: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', `${image}: ${message}`, { image })
}

/** Signature tags by what they begin with: algorithm and hexadecimal digits of what they are about. */
function signatureTags(tags: readonly Tag[]): Map<string, Tag[]> {
  const found = new Map<string, Tag[]>()
  for (const tag of tags) {
    if (!isSignatureTag(tag)) continue
    const [base = ''] = tag.split('.', 1)
    found.set(base, [...(found.get(base) ?? []), tag])
  }
  return found
}

/** OCI distribution spec 1.1, "Referrers Tag Schema": the encoded part is cut at 64 characters; cosign cuts nothing. */
function signedBases(digest: Digest): string[] {
  const [algorithm, encoded] = [digestAlgorithm(digest), digestEncoded(digest)]
  return [...new Set([`${algorithm}-${encoded}`, `${algorithm}-${encoded.slice(0, 64)}`])]
}
