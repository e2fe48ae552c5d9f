import { PortolanError } from '../errors.ts'
import type { Semaphore } from '../internal/semaphore.ts'
import type { Digest } from '../oci/digest.ts'
import { type Platform, parseManifest } from '../oci/manifest.ts'
import type { Name, Tag } from '../oci/name.ts'
import { isSchema1 } from '../oci/schema1.ts'
import type { RepositoryReader } from '../registry/reader.ts'
import type { CopySource } from '../replication/images/copy-images.ts'
import { type ClaimedBlob, readManifestContent } from '../replication/manifest-content.ts'
import { ManifestReader, orFault } from '../replication/manifest-reader.ts'
import { RepositoryWalk, type WalkRoot } from '../replication/walk-repository.ts'
import type { KeptManifest } from '../storage/workspace.ts'
import type { BundleImage, MissingContent } from './form.ts'
import { imageName, repositoryName } from './image-name.ts'
import { missingOf } from './missing.ts'
import { findSignatureTags } from './signature-tags.ts'

/** An image that is to be in a bundle, and where it is had from. */
export interface ExportedImage {
  /** The host of the registry that its name begins with; empty where nobody knows it. */
  readonly host: string
  readonly source: CopySource
  readonly name: Name
  readonly tag?: Tag
  readonly digest?: Digest
}

export interface CollectOptions {
  /** Of images for several platforms, which come along; empty for all. */
  readonly platforms: readonly Platform[]
  /** Whether signatures and other referrers come along. */
  readonly referrers: boolean
  /** Questions at once. */
  readonly places: Semaphore
  /** Told of the bytes of each manifest that is read. */
  readonly onManifest: (digest: Digest, bytes: Uint8Array<ArrayBuffer>) => void
}

/** A manifest, and what it names of what is in the bundle. */
export interface CollectedManifest {
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number
  readonly children: readonly Digest[]
  readonly subject?: Digest
  readonly blobs: readonly ClaimedBlob[]
}

/** What the images of one repository lead to. */
export interface Collected {
  /** Its full name. */
  readonly repository: string
  readonly reader: RepositoryReader
  readonly images: readonly BundleImage[]
  readonly manifests: readonly CollectedManifest[]
  readonly missing: readonly MissingContent[]
}

/** Far beyond any repository whose tags are listed for the signatures among them. */
const TAGS_MAX = 1_000_000

/** Follows images of one repository to all that they lead to; what is wrong with one stops no other. */
export async function collectRepository(
  images: readonly ExportedImage[],
  options: CollectOptions,
): Promise<Collected> {
  const [{ host, source, name }] = images as [ExportedImage]
  const repository = repositoryName(host, name)
  const reader = source.repository(name)
  const { places, platforms, referrers } = options
  const missing: MissingContent[] = []
  const roots = await findRoots(reader, images, places, missing)
  const tags = referrers && roots.length > 0 ? await findTags(reader, repository, roots, places, missing) : []
  const facts = new Map<Digest, CollectedManifest>()
  const manifests = new ManifestReader(source, memory(options.onManifest, facts, repository), places)
  const walking = new RepositoryWalk(name, { repository: reader, manifests, places, platforms, referrers })
  const walked = await walking.walkRoots(roots, tags)
  missing.push(...walked.faults.map((fault) => missingOf({ name: repository }, fault)))
  const reached = [...walked.reached].map((digest) => facts.get(digest)!)
  const [old, taken] = [reached.filter(isOld), reached.filter((manifest) => !isOld(manifest))]
  missing.push(...old.map(({ digest }) => missingOf({ digest }, ofSchema1(`${repository}@${digest}`))))
  const byDigest = new Map(taken.map((manifest) => [manifest.digest, manifest]))
  const found = [...walked.images, ...roots].flatMap(({ tag, digest }): BundleImage[] => {
    const { mediaType, size } = byDigest.get(digest) ?? {}
    if (mediaType === undefined || size === undefined) return []
    return [{ name: imageName({ host, name, tag, digest }), digest, mediaType, size }]
  })
  return {
    ...{ repository, reader, missing },
    images: [...new Map(found.map((image) => [`${image.name} ${image.digest}`, image])).values()],
    manifests: taken.map((each) => ({
      ...each,
      children: each.children.filter((child) => byDigest.has(child)),
    })),
  }
}

/** What the images are now. */
async function findRoots(
  reader: RepositoryReader,
  images: readonly ExportedImage[],
  places: Semaphore,
  missing: MissingContent[],
): Promise<readonly WalkRoot[]> {
  const roots = await places.map(images, async (image): Promise<WalkRoot[]> => {
    const digest = image.digest ?? (await orFault(async () => (await reader.resolve(image.tag!))?.digest))
    if (typeof digest === 'string') return [{ digest, ...(image.tag && { tag: image.tag }) }]
    missing.push(missingOf({ name: imageName(image) }, digest ?? notThere(imageName(image))))
    return []
  })
  return roots.flat()
}

/** The tags among which signatures are; where they cannot be listed, those of the images themselves. */
async function findTags(
  reader: RepositoryReader,
  repository: string,
  roots: readonly WalkRoot[],
  places: Semaphore,
  missing: MissingContent[],
): Promise<readonly Tag[]> {
  const tags: Tag[] = []
  const fault = await places.run(() =>
    orFault(async () => {
      for await (const tag of reader.tags({ onInvalid: () => {} })) if (tags.push(tag) > TAGS_MAX) break
    }),
  )
  if (fault === undefined) return tags
  missing.push(missingOf({ name: repository }, fault, true))
  const digests = roots.map(({ digest }) => digest)
  return [...new Set([...tags, ...(await findSignatureTags(reader, digests, places))])]
}

/** Notes of every manifest what the bundle has to know, once it is read. */
function memory(
  onManifest: CollectOptions['onManifest'],
  facts: Map<Digest, CollectedManifest>,
  repository: string,
) {
  return {
    manifest: async () => undefined,
    async keepManifest(digest: Digest, { mediaType, bytes }: KeptManifest) {
      const size = bytes.length
      if (isSchema1(mediaType)) {
        facts.set(digest, { digest, mediaType, size, children: [], blobs: [] })
        return
      }
      const manifest = parseManifest(bytes, `${repository}@${digest}`)
      const { manifests, blobs } = readManifestContent({ mediaType, bytes }, `${repository}@${digest}`)
      const subject = manifest.subject?.digest
      const children = manifests.map((child) => child.digest)
      facts.set(digest, { digest, mediaType, size, children, blobs, ...(subject && { subject }) })
      onManifest(digest, new Uint8Array(bytes))
    },
  }
}

function notThere(image: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', `${image} is not there`)
}

function ofSchema1(image: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', `${image} is of Docker's schema 1, which is not taken along`)
}

/** Docker's schema 1 is what no current registry takes. */
function isOld({ mediaType }: CollectedManifest): boolean {
  return isSchema1(mediaType)
}
