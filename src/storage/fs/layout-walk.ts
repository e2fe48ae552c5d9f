import { PortolanError } from '../../errors.ts'
import { type Digest, isVerifiable } from '../../oci/digest.ts'
import {
  type Descriptor,
  descriptorsOf,
  type Index,
  isIndex,
  isManifest,
  type Manifest,
  parseManifest,
} from '../../oci/manifest.ts'
import type { Name, Tag } from '../../oci/name.ts'
import { contentInvalid } from './files.ts'
import { contentPath, type LayoutFiles, readManifestFile } from './layout-files.ts'
import { LayoutRepository } from './layout-repository.ts'

/** What one layout folder holds. */
export interface LayoutContent {
  readonly repositories: ReadonlyMap<Name, LayoutRepository>
  /** What was left out, each naming the file and the value; at most 100. */
  readonly warnings: readonly PortolanError[]
  /** Manifests that are named but not there: the layout may be a copy that is still under way. */
  readonly missing: readonly string[]
}

/** An entry of `index.json` that is known to belong to a repository; `field` names it in warnings. */
export interface NamedEntry {
  readonly field: string
  readonly descriptor: Descriptor
  readonly name: Name
  readonly tag: Tag | undefined
}

/** A repository while it is walked. */
interface Draft {
  readonly tags: Map<string, Digest>
  readonly manifests: Map<string, string>
  readonly blobs: Map<string, number>
  readonly referrers: Map<string, Descriptor[]>
}

const MAX_DESCRIPTORS = 1_000_000
const MAX_WARNINGS = 100

/** Follows descriptors from manifest to manifest, reading each manifest once. */
export class LayoutWalk {
  readonly #files: LayoutFiles
  readonly #drafts = new Map<Name, Draft>()
  readonly #read = new Map<Digest, { manifest: Manifest | Index; size: number } | undefined>()
  /** Entries without a name of their own: they belong wherever their subject is. */
  readonly #referrersOf = new Map<Digest, Descriptor[]>()
  readonly #warnings: PortolanError[] = []
  readonly #missing: string[] = []
  #descriptors = 0

  constructor(files: LayoutFiles) {
    this.#files = files
  }

  async addReferrer(descriptor: Descriptor): Promise<void> {
    const subject = (await this.#manifest(descriptor))?.manifest.subject
    if (subject !== undefined) append(this.#referrersOf, subject.digest, descriptor)
  }

  async addEntry({ field, descriptor, name, tag }: NamedEntry): Promise<void> {
    let draft = this.#drafts.get(name)
    if (draft === undefined) {
      draft = { tags: new Map(), manifests: new Map(), blobs: new Map(), referrers: new Map() }
      this.#drafts.set(name, draft)
    }
    await this.#reach(draft, descriptor)
    if (tag === undefined || !draft.manifests.has(descriptor.digest)) return
    const before = draft.tags.get(tag)
    if (before !== undefined && before !== descriptor.digest) {
      this.warn(
        this.#files.location,
        `${field} takes the tag ${name}:${tag} from ${before}, which stands before it`,
      )
    }
    draft.tags.set(tag, descriptor.digest)
  }

  reached(digest: Digest): boolean {
    return [...this.#drafts.values()].some((draft) => draft.manifests.has(digest))
  }

  warn(path: string, message: string): void {
    if (this.#warnings.length < MAX_WARNINGS) this.#warnings.push(contentInvalid(path, message))
  }

  content(): LayoutContent {
    const repositories = new Map<Name, LayoutRepository>()
    for (const [name, draft] of this.#drafts) {
      if (draft.manifests.size > 0) repositories.set(name, new LayoutRepository(this.#files, draft))
    }
    return { repositories, warnings: this.#warnings, missing: this.#missing }
  }

  async #reach(draft: Draft, root: Descriptor): Promise<void> {
    const pending = [root]
    for (const descriptor of pending) {
      const { digest, mediaType } = descriptor
      // An index may name what is no manifest (OCI image spec 1.1, image-index.md): build caches list layers so.
      if (!isIndex(mediaType) && !isManifest(mediaType)) {
        draft.blobs.set(digest, descriptor.size)
        continue
      }
      if (draft.manifests.has(digest)) continue
      const read = await this.#manifest(descriptor)
      if (read === undefined) continue
      const { manifest, size } = read
      draft.manifests.set(digest, manifest.mediaType)
      if (manifest.subject !== undefined) {
        append(draft.referrers, manifest.subject.digest, referrer(digest, size, manifest))
      }
      const next = [...descriptorsOf(manifest), ...(this.#referrersOf.get(digest) ?? [])]
      this.#count(next.length)
      for (const descriptor of next) pending.push(descriptor)
    }
  }

  async #manifest(descriptor: Descriptor): Promise<{ manifest: Manifest | Index; size: number } | undefined> {
    const { digest } = descriptor
    if (!this.#read.has(digest)) this.#read.set(digest, await this.#readManifest(digest))
    return this.#read.get(digest)
  }

  async #readManifest(digest: Digest): Promise<{ manifest: Manifest | Index; size: number } | undefined> {
    const path = this.#files.nameOf(contentPath(digest))
    if (!isVerifiable(digest)) {
      this.warn(path, `${path} is left out: a manifest's digest must be sha256 or sha512`)
      return undefined
    }
    try {
      const bytes = await readManifestFile(this.#files, digest)
      if (bytes !== undefined) return { manifest: parseManifest(bytes, path), size: bytes.length }
      this.#missing.push(path)
      this.warn(path, `${path} is not there, though a manifest of this digest is named`)
    } catch (error) {
      // One that is altered, no file, out of the folder or not ours to read is left out; the rest is as good as before.
      if (!(error instanceof PortolanError)) throw error
      this.warn(path, error.message)
    }
    return undefined
  }

  #count(more: number): void {
    this.#descriptors += more
    if (this.#descriptors > MAX_DESCRIPTORS) {
      throw contentInvalid(
        this.#files.location,
        `${this.#files.location} names more than ${MAX_DESCRIPTORS} manifests and blobs`,
      )
    }
  }
}

/** OCI distribution spec 1.1, "Listing Referrers": what a referrers list tells of a manifest. */
function referrer(digest: Digest, size: number, manifest: Manifest | Index): Descriptor {
  const { mediaType, artifactType, annotations } = manifest
  return {
    mediaType,
    digest,
    size,
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations && { annotations }),
  }
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
