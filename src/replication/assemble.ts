import { PortolanError } from '../errors.ts'
import { type Digest, isVerifiable } from '../oci/digest.ts'
import type { Name } from '../oci/name.ts'
import type { ClaimedBlob, ForeignLayer, ManifestContent } from './manifest-content.ts'
import type { Reachable, ReachableBlob, ReachableManifest } from './reachable.ts'
import type { WalkedRepository } from './walk-repository.ts'

/** What is put together, and how. */
export interface AssemblyOptions {
  readonly foreignLayers: 'skip' | 'copy'
}

/** Repositories that are remembered of one content, beside the first: what is not in some of them may be in another. */
const MAX_ALSO_IN = 15

/** Puts together what the repositories lead to, in an order that depends on nothing but them and theirs. */
export function assembleReachable(
  repositories: readonly WalkedRepository[],
  contents: ReadonlyMap<Digest, ManifestContent>,
  options: AssemblyOptions,
): Reachable {
  const reachedAnywhere = new Set(repositories.flatMap(({ reached }) => [...reached]))
  const unread = new Set(repositories.flatMap((each) => [...each.unread]))
  const assembly = new Assembly(contents, reachedAnywhere, unread, options)
  for (const { name, reached } of repositories) {
    for (const digest of reached) assembly.add(name, digest)
  }
  for (const { name, reached } of repositories) {
    for (const digest of reached) assembly.noteRepository(name, digest)
  }
  return {
    images: repositories.flatMap(({ images }) => images),
    repositories: repositories.map(({ name, reached }) => ({ name, reached })),
    manifests: assembly.manifests,
    blobs: assembly.blobs,
    faults: [...repositories.flatMap(({ faults }) => faults), ...assembly.faults],
  }
}

class Assembly {
  readonly manifests = new Map<Digest, Writable<ReachableManifest>>()
  readonly blobs = new Map<Digest, Writable<ReachableBlob>>()
  readonly faults: PortolanError[] = []
  readonly #contents: ReadonlyMap<Digest, ManifestContent>
  readonly #copiesForeign: boolean
  readonly #reached: ReadonlySet<Digest>
  readonly #unread: ReadonlySet<Digest>
  readonly #begun = new Set<Digest>()
  /** By blob, which manifest was the first to state its size. */
  readonly #statedBy = new Map<Digest, string>()
  readonly #disputed = new Set<Digest>()

  constructor(
    contents: ReadonlyMap<Digest, ManifestContent>,
    reached: ReadonlySet<Digest>,
    unread: ReadonlySet<Digest>,
    { foreignLayers }: AssemblyOptions,
  ) {
    this.#contents = contents
    this.#reached = reached
    this.#unread = unread
    this.#copiesForeign = foreignLayers === 'copy'
  }

  /** Adds a manifest after all that it names. No recursion: how long a chain is, is up to the upstream. */
  add(name: Name, root: Digest): void {
    const stack = [root]
    for (let digest = stack.at(-1); digest !== undefined; digest = stack.at(-1)) {
      const content = this.#contents.get(digest)!
      if (!this.#begun.has(digest)) {
        this.#begun.add(digest)
        const children = content.manifests.filter(
          (child) => this.#reached.has(child.digest) && !this.#begun.has(child.digest),
        )
        for (const child of children.toReversed()) stack.push(child.digest)
        continue
      }
      stack.pop()
      if (!this.manifests.has(digest)) this.#finish(name, digest, content)
    }
  }

  /** Notes that a repository leads to a manifest that was added, and so to its blobs. */
  noteRepository(name: Name, digest: Digest): void {
    noteName(this.manifests.get(digest), name)
    const { blobs, foreign } = this.#contents.get(digest)!
    for (const blob of blobs) noteName(this.blobs.get(blob.digest), name)
    if (this.#copiesForeign) for (const layer of foreign) noteName(this.blobs.get(layer.digest), name)
  }

  #finish(name: Name, digest: Digest, content: ManifestContent): void {
    const by = `${name}@${digest}`
    const named = new Set<Digest>()
    let isPartial = false
    for (const child of content.manifests) {
      const size = this.#contents.get(child.digest)?.size
      if (size !== undefined && size !== child.size) {
        this.#fault(`${by} says that ${child.digest} has ${child.size} bytes; it has ${size}`)
      }
      if (this.manifests.has(child.digest)) named.add(child.digest)
      else isPartial ||= this.#unread.has(child.digest)
    }
    for (const blob of content.blobs) {
      if (this.#addBlob(name, blob, by)) named.add(blob.digest)
      else isPartial = true
    }
    if (this.#copiesForeign) {
      for (const layer of content.foreign) {
        if (this.#addBlob(name, layer, by)) named.add(layer.digest)
        this.#noteUrls(layer)
      }
    }
    if (content.isSchema1) return
    const { mediaType, size, subject } = content
    this.manifests.set(digest, {
      ...{ digest, mediaType, size, name, content: [...named] },
      ...(subject && { subject }),
      ...(isPartial && { isPartial }),
    })
  }

  #addBlob(name: Name, { digest, size }: ClaimedBlob, by: string): boolean {
    if (!isVerifiable(digest)) {
      this.#fault(`${by} names ${digest}, which cannot be verified: only sha256 and sha512 can`)
      return false
    }
    const before = this.blobs.get(digest)
    if (this.#disputed.has(digest)) return true
    if (before?.size !== undefined && size !== undefined && before.size !== size) {
      this.#fault(
        `${by} says that ${digest} has ${size} bytes; ${this.#statedBy.get(digest)} says ${before.size}`,
      )
      this.#disputed.add(digest)
      // Nobody can say who is right, before it is downloaded.
      this.blobs.set(digest, { digest, name: before.name })
    } else if (before?.size === undefined) {
      this.blobs.set(digest, { digest, name: before?.name ?? name, ...(size !== undefined && { size }) })
      this.#statedBy.set(digest, by)
    }
    return true
  }

  #noteUrls({ digest, urls }: ForeignLayer): void {
    const blob = this.blobs.get(digest)
    if (blob !== undefined && urls.length > 0) blob.urls ??= urls
  }

  #fault(message: string): void {
    this.faults.push(new PortolanError('CONTENT_INVALID', message))
  }
}

/** While it is put together. */
type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

function noteName(content: Writable<Pick<ReachableBlob, 'name' | 'alsoIn'>> | undefined, name: Name): void {
  if (content === undefined || content.name === name) return
  const { alsoIn = [] } = content
  if (alsoIn.length < MAX_ALSO_IN && !alsoIn.includes(name)) content.alsoIn = [...alsoIn, name]
}
