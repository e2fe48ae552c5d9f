import { PortolanError } from '../../errors.ts'
import type { Digest } from '../../oci/digest.ts'
import type { ListedImage } from '../../oci/image-list.ts'
import { keepPlatforms } from '../../oci/keep-platforms.ts'
import {
  type Descriptor,
  descriptorsOf,
  isIndex,
  isManifest,
  type Platform,
  parseManifest,
} from '../../oci/manifest.ts'
import { isSchema1, parseSchema1 } from '../../oci/schema1.ts'
import type { FetchedManifest } from '../../registry/reader.ts'
import type { PinSource } from './pin-source.ts'

/** What an image is made of. */
export interface ImageContents {
  readonly manifests: ReadonlySet<Digest>
  readonly blobs: ReadonlyMap<Digest, Descriptor>
}

/** What was found of an image last: what it is made of, or why that is not known. */
export type FoundImage = { readonly contents: ImageContents } | { readonly reason: string }

/** An image for all platforms there are has a dozen; who has more of them means harm. */
const MANIFESTS_MAX = 1000
const DEPTH_MAX = 4

/**
 * Finds what an image is made of, through the mirror, which keeps the manifests on the way; of an index only what is for
 * these platforms, or for none in particular. Rejects with a PortolanError where it cannot be had.
 */
export async function findContents(
  source: PinSource,
  image: ListedImage,
  platforms: readonly Platform[],
): Promise<ImageContents> {
  const { registry } = image
  if (!source.knows(registry)) {
    throw new PortolanError('USAGE', `the mirror has no registry ${registry}`, { registry })
  }
  const manifests = new Set<Digest>()
  const blobs = new Map<Digest, Descriptor>()
  let level: readonly ListedImage['reference'][] = [image.reference]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH_MAX) throw tooMuch(image, `manifests are nested more than ${DEPTH_MAX} deep`)
    const next = new Set<Digest>()
    for (const reference of level) {
      const found = await source.manifest(image, reference)
      if (found === undefined) throw gone(image, reference)
      manifests.add(found.digest)
      if (manifests.size > MANIFESTS_MAX)
        throw tooMuch(image, `it leads to more than ${MANIFESTS_MAX} manifests`)
      for (const child of childrenOf(found, platforms)) {
        if (isManifest(child.mediaType) || isIndex(child.mediaType)) next.add(child.digest)
        else blobs.set(child.digest, child)
      }
    }
    level = [...next].filter((digest) => !manifests.has(digest))
  }
  return { manifests, blobs }
}

function childrenOf(found: FetchedManifest, platforms: readonly Platform[]): readonly Descriptor[] {
  const { bytes, digest, mediaType } = found
  if (isSchema1(mediaType)) {
    // It says nothing of their sizes.
    return parseSchema1(bytes, digest).blobs.map((blob) => ({ mediaType: '', digest: blob, size: 0 }))
  }
  const manifest = parseManifest(bytes, digest)
  return manifest.kind === 'index' ? keepPlatforms(manifest.manifests, platforms) : descriptorsOf(manifest)
}

function gone({ text, registry }: ListedImage, reference: string): PortolanError {
  const message = `${registry} has no ${text.endsWith(reference) ? text : `${reference}, which ${text} names`}`
  return new PortolanError('CONTENT_INVALID', message, { reference })
}

function tooMuch({ text }: ListedImage, reason: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', `${text}: ${reason}`, { image: text })
}
