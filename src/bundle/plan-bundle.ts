import { PortolanError } from '../errors.ts'
import { Semaphore } from '../internal/semaphore.ts'
import { type Digest, isVerifiable } from '../oci/digest.ts'
import type { Platform } from '../oci/manifest.ts'
import type { RepositoryReader } from '../registry/reader.ts'
import { orFault } from '../replication/manifest-reader.ts'
import { type Collected, type CollectedManifest, collectRepository, type ExportedImage } from './collect.ts'
import type { BundleContent, MissingContent } from './form.ts'
import { repositoryName } from './image-name.ts'
import type { BundlePlan } from './lay-out.ts'
import { levelsOf } from './levels.ts'
import { missingOf } from './missing.ts'

export interface PlanOptions {
  /** Of images for several platforms, which come along; empty for all. */
  readonly platforms: readonly Platform[]
  /** Whether signatures and other referrers come along. */
  readonly referrers: boolean
  /** What the other side has, and is left out. */
  readonly known: ReadonlySet<Digest>
  /** Repositories of the other side in which that may be. */
  readonly lenders?: readonly string[]
  readonly partSize: number | null
  readonly signal: AbortSignal
  /** Told of the bytes of each manifest that is read. */
  readonly onManifest: (digest: Digest, bytes: Uint8Array<ArrayBuffer>) => void
}

const QUESTIONS_AT_ONCE = 16
const REPOSITORIES_AT_ONCE = 8
const FAULTS_TOLD = 3

/**
 * Finds out all that is to be in a bundle, and of each blob whether it is there: nothing but manifests is read. What is
 * not there, cannot be asked for or is refused is in the plan as that, and stops nothing.
 */
export async function planBundle(
  images: readonly ExportedImage[],
  options: PlanOptions,
): Promise<BundlePlan> {
  const { signal, partSize, known, lenders = [] } = options
  const places = new Semaphore(QUESTIONS_AT_ONCE)
  const groups = Map.groupBy(images, groupOf(images))
  const collected = await new Semaphore(REPOSITORIES_AT_ONCE).map(groups.values(), (group) => {
    signal.throwIfAborted()
    return collectRepository(group, { ...options, places })
  })
  signal.throwIfAborted()
  const manifests = manifestsOf(collected)
  const blobs = blobsOf(collected, manifests)
  const lacking = new Map<Digest, MissingContent>()
  await places.map(blobs.values(), async (blob) => {
    if (known.has(blob.digest)) return
    signal.throwIfAborted()
    const fault = await faultOf(blob)
    if (fault !== undefined) lacking.set(blob.digest, fault)
  })
  const everything = [...sortedManifests(manifests), ...sorted(blobs.values(), byDigest).map(contentOf)]
  const missing = [...collected.flatMap((each) => each.missing), ...lacking.values()]
  const found = imagesOf(collected)
  const roots = new Set(found.map(({ digest }) => digest))
  const isReferrer = ({ subject, digest }: CollectedManifest) => subject !== undefined && !roots.has(digest)
  return {
    images: found,
    referrers: sorted([...manifests.values()].map(({ manifest }) => manifest).filter(isReferrer), byDigest),
    contents: everything.filter(({ digest }) => !known.has(digest) && !lacking.has(digest)),
    assumed: sorted(
      everything.filter(({ digest }) => known.has(digest)),
      byDigest,
    ).map(({ digest, size, repositories }) => ({ digest, size, repositories })),
    lenders,
    missing: distinct(missing),
    partSize,
  }
}

/** Those of one repository that are had from one source are followed together. */
function groupOf(images: readonly ExportedImage[]): (image: ExportedImage) => string {
  const sources = [...new Set(images.map(({ source }) => source))]
  return ({ host, name, source }) => `${sources.indexOf(source)} ${repositoryName(host, name)}`
}

/** Throws `USAGE` when one name stands for two images. */
function imagesOf(collected: readonly Collected[]): BundlePlan['images'] {
  const byName = new Map<string, BundlePlan['images'][number]>()
  for (const image of collected.flatMap(({ images }) => images)) {
    const { digest } = byName.get(image.name) ?? image
    if (digest !== image.digest) {
      const message = `${image.name} is to stand for ${digest} and for ${image.digest}: take one of them along`
      throw new PortolanError('USAGE', message, { image: image.name })
    }
    byName.set(image.name, image)
  }
  return sorted(byName.values(), ({ name }) => name)
}

interface PlacedManifest {
  readonly manifest: CollectedManifest
  readonly repositories: Set<string>
}

function manifestsOf(collected: readonly Collected[]): Map<Digest, PlacedManifest> {
  const found = new Map<Digest, PlacedManifest>()
  for (const { repository, manifests } of collected) {
    for (const manifest of manifests) {
      const before = found.get(manifest.digest)
      if (before === undefined) found.set(manifest.digest, { manifest, repositories: new Set([repository]) })
      else before.repositories.add(repository)
    }
  }
  return found
}

function sortedManifests(manifests: ReadonlyMap<Digest, PlacedManifest>): Omit<BundleContent, 'offset'>[] {
  const levels = levelsOf([...manifests.values()].map(({ manifest }) => manifest))
  return sorted(manifests.values(), ({ manifest }) => manifest.digest)
    .sort((one, other) => levels.get(one.manifest.digest)! - levels.get(other.manifest.digest)!)
    .map(({ manifest: { digest, size, mediaType }, repositories }) => {
      return { digest, size, mediaType, repositories: [...repositories].sort() }
    })
}

interface PlacedBlob {
  readonly digest: Digest
  readonly size: number
  readonly repositories: Set<string>
  readonly readers: Set<RepositoryReader>
}

function blobsOf(
  collected: readonly Collected[],
  others: ReadonlyMap<Digest, unknown>,
): Map<Digest, PlacedBlob> {
  const found = new Map<Digest, PlacedBlob>()
  for (const { repository, reader, manifests } of collected) {
    for (const { digest, size = 0 } of manifests.flatMap(({ blobs }) => blobs)) {
      if (others.has(digest)) continue
      const blob: PlacedBlob = found.get(digest) ?? newBlob(digest, size)
      blob.repositories.add(repository)
      blob.readers.add(reader)
      found.set(digest, blob)
    }
  }
  return found
}

function newBlob(digest: Digest, size: number): PlacedBlob {
  return { digest, size, repositories: new Set(), readers: new Set() }
}

function contentOf({ digest, size, repositories }: PlacedBlob): Omit<BundleContent, 'offset'> {
  return { digest, size, repositories: [...repositories].sort() }
}

/** What is wrong with a blob at every repository that should have it; `undefined` when one of them has it. */
async function faultOf({
  digest,
  size,
  readers,
  repositories,
}: PlacedBlob): Promise<MissingContent | undefined> {
  const where = [...repositories].sort().join(' and ')
  if (!isVerifiable(digest)) {
    const message = `blob ${digest} of ${where} cannot be verified: only sha256 and sha512 can`
    return missingOf({ digest }, new PortolanError('CONTENT_INVALID', message, { digest }), false)
  }
  let last = new PortolanError('CONTENT_INVALID', `blob ${digest} is not there in ${where}`, { digest })
  for (const reader of readers) {
    const found = await orFault(() => reader.stat(digest))
    if (found instanceof PortolanError) last = found
    else if (found !== undefined) {
      if (found.size === undefined || found.size === size) return undefined
      const message = `blob ${digest} has ${found.size} bytes in ${where}; expected ${size}`
      last = new PortolanError('CONTENT_INVALID', message, { digest })
    }
  }
  return missingOf({ digest }, last, false)
}

/** Throws `UNREACHABLE` or `CONTENT_INVALID` for a plan without an image: it would be in the way of the next try. */
export function refuseNothing({ images, missing }: BundlePlan): void {
  if (images.length > 0) return
  const code = missing.some(({ why }) => why === 'unknown') ? 'UNREACHABLE' : 'CONTENT_INVALID'
  const told = distinct(missing).slice(0, FAULTS_TOLD)
  const more = missing.length > told.length ? `; and ${missing.length - told.length} more` : ''
  const said = told.map(({ message }) => message).join('; ')
  throw new PortolanError(code, `none of the images can be had: ${said}${more}`)
}

/** Each once, in an order that does not depend on what answered first. */
function distinct(missing: readonly MissingContent[]): MissingContent[] {
  const keyOf = ({ digest, name, why, message }: MissingContent) => [name, digest, why, message].join(' ')
  const byKey = new Map(missing.map((each) => [keyOf(each), each]))
  return sorted(byKey.values(), keyOf)
}

function byDigest({ digest }: { readonly digest: Digest }): string {
  return digest
}

function sorted<Item>(items: Iterable<Item>, keyOf: (item: Item) => string): Item[] {
  return [...items].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : keyOf(one) > keyOf(other) ? 1 : 0))
}
