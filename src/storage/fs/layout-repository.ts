import type { Digest } from '../../oci/digest.ts'
import type { Descriptor } from '../../oci/manifest.ts'
import type { Tag } from '../../oci/name.ts'
import { compareTags } from '../../oci/tag-order.ts'
import type { BlobOptions, FetchedManifest, OpenedBlob, RepositoryReader } from '../../registry/reader.ts'
import { contentInvalid } from './files.ts'
import { contentPath, type LayoutFiles, readManifestFile } from './layout-files.ts'

/** What a walk of an image layout found out about one repository. */
export interface RepositoryFacts {
  readonly tags: ReadonlyMap<string, Digest>
  /** Media type of every manifest within reach. */
  readonly manifests: ReadonlyMap<string, string>
  /** Size of every blob within reach, as its descriptor states it. */
  readonly blobs: ReadonlyMap<string, number>
  readonly referrers: ReadonlyMap<string, readonly Descriptor[]>
}

/**
 * One repository of an image layout: a manifest or blob that nothing in it leads to is not there. A request reaches the
 * disk only through a digest that the walk has found, so no text of a client ever becomes part of a path; and no link
 * leads it out of the root.
 */
export class LayoutRepository implements RepositoryReader {
  readonly location: string
  readonly #files: LayoutFiles
  readonly #tags: readonly Tag[]
  readonly #facts: RepositoryFacts

  constructor(files: LayoutFiles, facts: RepositoryFacts) {
    this.location = files.location
    this.#files = files
    this.#tags = ([...facts.tags.keys()] as Tag[]).sort(compareTags)
    this.#facts = facts
  }

  tags(): readonly Tag[] {
    return this.#tags
  }

  async resolve(tag: Tag): Promise<{ readonly digest: Digest } | undefined> {
    const digest = this.#facts.tags.get(tag)
    return digest === undefined ? undefined : { digest }
  }

  async manifest(reference: Tag | Digest): Promise<FetchedManifest | undefined> {
    const digest = this.#facts.tags.get(reference) ?? (reference as Digest)
    const mediaType = this.#facts.manifests.get(digest)
    if (mediaType === undefined) return undefined
    const bytes = await readManifestFile(this.#files, digest)
    return bytes && { mediaType, digest, bytes }
  }

  async referrers(subject: Digest): Promise<readonly Descriptor[]> {
    return this.#facts.referrers.get(subject) ?? []
  }

  async stat(digest: Digest): Promise<{ readonly size: number } | undefined> {
    const size = this.#facts.blobs.get(digest)
    if (size === undefined) return undefined
    const path = contentPath(digest)
    const found = await this.#files.size(path)
    if (found === undefined) return undefined
    if (found === size) return { size }
    const name = this.#files.nameOf(path)
    throw contentInvalid(name, `${name} has ${found} bytes; expected ${size}`)
  }

  async blob(
    digest: Digest,
    { start = 0, end = Number.POSITIVE_INFINITY, signal, lend }: BlobOptions = {},
  ): Promise<OpenedBlob | undefined> {
    signal?.throwIfAborted()
    const size = this.#facts.blobs.get(digest)
    if (size === undefined) return undefined
    const range = { size, start, end: Math.min(end, size), signal, lend }
    const body = await this.#files.open(contentPath(digest), range)
    return body && { start, size, body }
  }
}
