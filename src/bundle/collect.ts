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
import { RepositoryWalk } from '../replication/walk-repository.ts'
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
  const roots: { readonly digest: Digest; readonly tag?: Tag }[] = []
  await places.map(images, async (image) => {
    const digest = image.digest ?? (await orFault(async () => (await reader.resolve(image.tag!))?.digest))
    if (typeof digest === 'string') roots.push({ digest, ...(image.tag && { tag: image.tag }) })
    else missing.push(missingOf({ name: imageName(image) }, digest ?? notThere(imageName(image))))
  })
  const facts = new Map<Digest, CollectedManifest>()
  const manifests = new ManifestReader(source, memory(options.onManifest, facts, repository), places)
  const walking = new RepositoryWalk(name, { repository: reader, manifests, places, platforms, referrers })
  const tags: Tag[] = []
  const unlisted = referrers && roots.length > 0 ? await listTags(reader, places, tags) : undefined
  if (unlisted !== undefined) {
    missing.push(missingOf({ name: repository }, unlisted, true))
    const digests = roots.map(({ digest }) => digest)
    tags.push(...(await findSignatureTags(reader, digests, places)))
  }
  const walked = await walking.walkRoots(roots, tags)
  missing.push(...walked.faults.map((fault) => missingOf({ name: repository }, fault)))
  const found = [...walked.reached].map((digest) => facts.get(digest)!)
  const reached = found.filter(({ mediaType }) => !isSchema1(mediaType))
  const old = found.filter(({ mediaType }) => isSchema1(mediaType))
  missing.push(...old.map(({ digest }) => missingOf({ digest }, ofSchema1(`${repository}@${digest}`))))
  const isHere = new Set(reached.map(({ digest }) => digest))
  const describe = (label: string, digest: Digest): BundleImage[] => {
    if (!isHere.has(digest)) return []
    const { mediaType, size } = facts.get(digest)!
    return [{ name: label, digest, mediaType, size }]
  }
  const asked = roots.flatMap(({ tag, digest }) => describe(imageName({ host, name, tag, digest }), digest))
  const signatures = walked.images.flatMap(({ tag, digest }) =>
    describe(imageName({ host, name, tag, digest }), digest),
  )
  const byName = new Map([...signatures, ...asked].map((image) => [image.name, image]))
  return {
    ...{ repository, reader, missing },
    images: [...byName.values()],
    manifests: reached.map((each) => ({
      ...each,
      children: each.children.filter((child) => isHere.has(child)),
    })),
  }
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

async function listTags(
  reader: RepositoryReader,
  places: Semaphore,
  tags: Tag[],
): Promise<PortolanError | undefined> {
  return places.run(() =>
    orFault(async () => {
      for await (const tag of reader.tags({ onInvalid: () => {} })) if (tags.push(tag) > TAGS_MAX) break
      return undefined
    }),
  )
}

function notThere(image: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', `${image} is not there`)
}

function ofSchema1(image: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', `${image} is of Docker's schema 1, which is not taken along`)
}
