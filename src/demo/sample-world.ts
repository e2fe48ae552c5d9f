import { PortolanError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import {
  type Descriptor,
  descriptorsOf,
  isIndex,
  isManifest,
  type Platform,
  parseManifest,
} from '../oci/manifest.ts'
import { isSignatureTag, type Name, type Tag } from '../oci/name.ts'
import type { FetchedManifest } from '../registry/reader.ts'
import { openImageLayout } from '../storage/fs/image-layout.ts'
import type { LayoutRepository } from '../storage/fs/layout-repository.ts'

/** The sample images that lie in a folder. */
export interface SampleWorld {
  readonly folder: string
  readonly images: readonly SampleImage[]
  /** Every blob there is, once, the largest first: of images, signatures and SBOMs. */
  readonly blobs: readonly Descriptor[]
}

export interface SampleImage {
  readonly name: Name
  readonly tags: readonly Tag[]
  readonly mediaType: string
  readonly digest: Digest
  /** Of an image for several platforms; else empty. */
  readonly platforms: readonly Platform[]
  /** Configs and layers of all its platforms, each once, the largest first. */
  readonly blobs: readonly Descriptor[]
  /** Under which cosign would look for its signature. */
  readonly signatureTag?: Tag
  readonly referrers: readonly Descriptor[]
}

type Blobs = Map<Digest, Descriptor>

/** Reads the sample images of a folder. Throws `CONTENT_INVALID` or `FILE_UNREADABLE` when anything is not whole. */
export async function readSampleWorld(folder: string): Promise<SampleWorld> {
  const layout = await openImageLayout(folder, { runtime: { now: () => 0 }, report: fail })
  const images: SampleImage[] = []
  const all: Blobs = new Map()
  for (const name of layout.names()) {
    const repository = (await layout.repository(name))!
    const byDigest = new Map<Digest, { stored: FetchedManifest; tags: Tag[] }>()
    for (const tag of repository.tags()) {
      const stored = await manifestOf(repository, tag)
      await collect(repository, stored, all)
      if (isSignatureTag(tag)) continue
      const before = byDigest.get(stored.digest)
      if (before === undefined) byDigest.set(stored.digest, { stored, tags: [tag] })
      else before.tags.push(tag)
    }
    for (const { stored, tags } of byDigest.values()) {
      const { mediaType, digest } = stored
      const blobs: Blobs = new Map()
      const platforms = await collect(repository, stored, blobs)
      const referrers = await repository.referrers(digest)
      for (const referrer of referrers) {
        await collect(repository, await manifestOf(repository, referrer.digest), all)
      }
      const signatureTag = repository.tags().find((tag) => tag === `${digest.replace(':', '-')}.sig`)
      images.push({
        name,
        tags,
        mediaType,
        digest,
        platforms,
        blobs: largestFirst(blobs),
        ...(signatureTag && { signatureTag }),
        referrers,
      })
    }
  }
  return { folder, images, blobs: largestFirst(all) }
}

/** Gathers the blobs of a manifest and of all manifests in it; returns the platforms that it is for. */
async function collect(
  repository: LayoutRepository,
  stored: FetchedManifest,
  blobs: Blobs,
): Promise<Platform[]> {
  const platforms: Platform[] = []
  for (const descriptor of descriptorsOf(parseManifest(stored.bytes, stored.digest))) {
    const { digest, mediaType, platform } = descriptor
    if (platform !== undefined) platforms.push(platform)
    if (isIndex(mediaType) || isManifest(mediaType)) {
      await collect(repository, await manifestOf(repository, digest), blobs)
    } else {
      if ((await repository.stat(digest)) === undefined) throw missing(digest)
      blobs.set(digest, descriptor)
    }
  }
  return platforms
}

async function manifestOf(repository: LayoutRepository, reference: Tag | Digest): Promise<FetchedManifest> {
  const stored = await repository.manifest(reference)
  if (stored === undefined) throw missing(reference)
  return stored
}

function largestFirst(blobs: Blobs): Descriptor[] {
  return [...blobs.values()].sort((a, b) => b.size - a.size || (a.digest < b.digest ? -1 : 1))
}

function missing(what: Tag | Digest): PortolanError {
  return new PortolanError('CONTENT_INVALID', `the sample images lack ${what}`, { what })
}

function fail(problem: PortolanError): never {
  throw problem
}
