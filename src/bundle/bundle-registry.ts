import { PortolanError } from '../errors.ts'
import { type Digest, digestAlgorithm, parseDigest } from '../oci/digest.ts'
import { type Descriptor, parseManifest } from '../oci/manifest.ts'
import type { Name, Tag } from '../oci/name.ts'
import { isSchema1 } from '../oci/schema1.ts'
import { compareTags } from '../oci/tag-order.ts'
import type {
  BlobOptions,
  FetchedManifest,
  OpenedBlob,
  RegistryReader,
  RepositoryReader,
} from '../registry/reader.ts'
import type { HashAlgorithm, Runtime } from '../runtime.ts'
import type { BundleContent } from './form.ts'
import { readImageName } from './image-name.ts'
import type { OpenedBundle } from './open-bundle.ts'

type Hashing = Pick<Runtime, 'createHash'>

/** A bundle as it is pulled from: all of it is at hand. */
export interface BundleRegistry extends RegistryReader {
  repository(name: Name): RepositoryReader | undefined
}

/**
 * A bundle as it is pulled from. Its repositories are `HOST/NAME`, and `NAME` alone where that is at one host only: with
 * two, nobody could say whose tags are meant. Manifests are compared with their digests, and blobs by whoever takes them.
 */
export function bundleRegistry(runtime: Hashing, bundle: OpenedBundle): BundleRegistry {
  const drafts = new Map<string, Map<Digest, BundleContent>>()
  for (const content of bundle.index.contents) {
    for (const name of content.repositories) {
      const contents = drafts.get(name) ?? new Map<Digest, BundleContent>()
      drafts.set(name, contents.set(content.digest, content))
    }
  }
  const images = Map.groupBy(bundle.index.images, ({ name }) => readImageName(name).repository)
  const repositories = new Map<string, RepositoryReader>()
  for (const [name, contents] of drafts) {
    const tags = new Map<Tag, Digest>()
    for (const image of images.get(name) ?? []) {
      const { tag } = readImageName(image.name)
      if (tag !== undefined) tags.set(tag, image.digest)
    }
    repositories.set(name, new BundleRepository(runtime, bundle, contents, tags))
  }
  const short = Map.groupBy(repositories.keys(), (name) => name.slice(name.indexOf('/') + 1))
  return {
    repository(name: Name) {
      const exact = repositories.get(name)
      const [only, ...others] = short.get(name) ?? []
      return exact ?? (only === undefined || others.length > 0 ? undefined : repositories.get(only))
    },
  }
}

class BundleRepository implements RepositoryReader {
  readonly location: string
  readonly #runtime: Hashing
  readonly #bundle: OpenedBundle
  readonly #contents: ReadonlyMap<Digest, BundleContent>
  readonly #tags: ReadonlyMap<Tag, Digest>
  #referrers: Promise<ReadonlyMap<Digest, readonly Descriptor[]>> | undefined

  constructor(
    runtime: Hashing,
    bundle: OpenedBundle,
    contents: ReadonlyMap<Digest, BundleContent>,
    tags: ReadonlyMap<Tag, Digest>,
  ) {
    this.location = bundle.location
    this.#runtime = runtime
    this.#bundle = bundle
    this.#contents = contents
    this.#tags = tags
  }

  tags(): readonly Tag[] {
    return [...this.#tags.keys()].sort(compareTags)
  }

  async resolve(tag: Tag): Promise<{ readonly digest: Digest } | undefined> {
    const digest = this.#tags.get(tag)
    return digest === undefined ? undefined : { digest }
  }

  async manifest(reference: Tag | Digest): Promise<FetchedManifest | undefined> {
    const digest = parseDigest(reference) ?? this.#tags.get(reference as Tag)
    const content = digest && this.#contents.get(digest)
    if (content?.mediaType === undefined) return undefined
    const bytes = await readContent(this.#runtime, this.#bundle, content)
    return { digest: content.digest, mediaType: content.mediaType, bytes }
  }

  async referrers(subject: Digest): Promise<readonly Descriptor[]> {
    this.#referrers ??= this.#readReferrers()
    try {
      return (await this.#referrers).get(subject) ?? []
    } catch (error) {
      this.#referrers = undefined
      throw error
    }
  }

  async stat(digest: Digest): Promise<{ readonly size: number } | undefined> {
    const content = this.#blob(digest)
    return content && { size: content.size }
  }

  async blob(digest: Digest, options: BlobOptions = {}): Promise<OpenedBlob | undefined> {
    options.signal?.throwIfAborted()
    const content = this.#blob(digest)
    return content && openContent(this.#bundle, content, options)
  }

  /** A manifest is none. */
  #blob(digest: Digest): BundleContent | undefined {
    const content = this.#contents.get(digest)
    return content?.mediaType === undefined ? content : undefined
  }

  async #readReferrers(): Promise<ReadonlyMap<Digest, readonly Descriptor[]>> {
    const found = new Map<Digest, Descriptor[]>()
    for (const content of this.#contents.values()) {
      if (content.mediaType === undefined || isSchema1(content.mediaType)) continue
      const bytes = await readContent(this.#runtime, this.#bundle, content)
      const { subject, artifactType, annotations, mediaType } = parseManifest(bytes, content.digest)
      if (subject === undefined) continue
      const { digest, size } = content
      const list = found.get(subject.digest) ?? []
      const more = {
        ...(artifactType !== undefined && { artifactType }),
        ...(annotations && { annotations }),
      }
      found.set(subject.digest, [...list, { mediaType, digest, size, ...more }])
    }
    return found
  }
}

/** The blobs of a bundle, whatever repository they are in. */
export function blobsOf(bundle: OpenedBundle): RepositoryReader['blob'] {
  const contents = new Map(bundle.index.contents.map((content) => [content.digest, content]))
  return async (digest, options = {}) => {
    const content = contents.get(digest)
    return content && openContent(bundle, content, options)
  }
}

function openContent(
  { parts }: OpenedBundle,
  { offset, size }: BundleContent,
  { start = 0, end = Number.POSITIVE_INFINITY, ...reading }: BlobOptions,
): OpenedBlob {
  return { start, size, body: parts.stream(offset + start, offset + Math.min(end, size), reading) }
}

/** The bytes of a content that is small enough to be held, a manifest. Throws `CONTENT_INVALID` when they are others. */
export async function readContent(
  { createHash }: Hashing,
  { parts, location }: OpenedBundle,
  { digest, offset, size }: BundleContent,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size)
  let at = 0
  for await (const piece of parts.stream(offset, offset + size)) {
    bytes.set(piece, at)
    at += piece.length
  }
  const hash = createHash(digestAlgorithm(digest) as HashAlgorithm)
  hash.update(bytes)
  const actual = `${digestAlgorithm(digest)}:${hash.hex()}`
  if (actual === digest) return bytes
  const message = `${digest} in ${location} was altered: its bytes are those of ${actual}`
  throw new PortolanError('CONTENT_INVALID', message, { digest })
}
