import type { Digest } from '../../oci/digest.ts'
import type { Descriptor } from '../../oci/manifest.ts'
import type { Tag } from '../../oci/name.ts'
import { compareTags, type Repository, type StoredBlob, type StoredManifest } from '../content.ts'
import { openFileRange } from './file-range.ts'
import { blobFile, contentInvalid, fileSize, readManifestFile } from './files.ts'

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
 * One repository of an image layout. A request reaches the disk only through a digest that the walk has found, so no
 * text of a client ever becomes part of a path.
 */
export class LayoutRepository implements Repository {
  readonly tags: readonly Tag[]
  readonly #folder: string
  readonly #facts: RepositoryFacts

  constructor(folder: string, facts: RepositoryFacts) {
    this.tags = ([...facts.tags.keys()] as Tag[]).sort(compareTags)
    this.#folder = folder
    this.#facts = facts
  }

  async manifest(reference: Tag | Digest): Promise<StoredManifest | undefined> {
    const digest = this.#facts.tags.get(reference) ?? (reference as Digest)
    const mediaType = this.#facts.manifests.get(digest)
    if (mediaType === undefined) return undefined
    const bytes = await readManifestFile(this.#folder, digest)
    return bytes && { mediaType, digest, bytes }
  }

  referrers(subject: Digest): readonly Descriptor[] {
    return this.#facts.referrers.get(subject) ?? []
  }

  async blob(digest: Digest): Promise<StoredBlob | undefined> {
    const size = this.#facts.blobs.get(digest)
    if (size === undefined) return undefined
    const path = blobFile(this.#folder, digest)
    const found = await fileSize(path)
    if (found === undefined) return undefined
    if (found !== size) throw contentInvalid(path, `${path} has ${found} bytes; expected ${size}`)
    return { size, open: (start, end) => openFileRange(path, size, start, end) }
  }
}
