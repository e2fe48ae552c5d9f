import { PortolanError } from '../../errors.ts'
import type { Digest } from '../../oci/digest.ts'
import { type Descriptor, type Platform, parseManifest } from '../../oci/manifest.ts'
import type { Name, Tag } from '../../oci/name.ts'
import { formatPlatform, matchesPlatform } from '../../oci/platform.ts'
import { fallbackTag } from '../../registry/fallback-referrers.ts'
import type { FetchedManifest, RepositoryReader, ResolvedManifest } from '../../registry/reader.ts'

/** Which image of a repository is meant; a digest beside a tag counts. */
export interface ImageQuestion {
  readonly tag?: Tag | undefined
  readonly digest?: Digest | undefined
  /** Of an image for several platforms, this one instead of the index. */
  readonly platform?: Platform | undefined
}

/** What hangs on an image: by a list of referrers, or by a tag that names the image's digest. */
export interface ImageReferrer {
  readonly digest: Digest
  readonly tag?: Tag
  readonly artifactType?: string
}

/** What cosign puts behind the digest in the tags of what belongs to it. */
const COSIGN_SUFFIXES = ['sig', 'att', 'sbom'] as const

/**
 * Asks a registry what an image is now. Rejects with `CONTENT_INVALID` when it is not there, or not for this platform;
 * else as the registry does: what cannot be asked is not absent.
 */
export async function resolveImage(
  repository: RepositoryReader,
  name: Name,
  { tag, digest, platform }: ImageQuestion,
): Promise<Digest> {
  const where = `${repository.location}/${name}${digest === undefined ? `:${tag}` : `@${digest}`}`
  const isTagAlone = platform === undefined && digest === undefined
  const found = isTagAlone ? await repository.resolve(tag!) : await repository.manifest(digest ?? tag!)
  if (found === undefined) throw new PortolanError('CONTENT_INVALID', `${where} is not there`)
  return platform !== undefined && isFetched(found) ? ofPlatform(found, platform, where) : found.digest
}

/** What is no index is taken as it is: only its config says what it runs on. */
function ofPlatform({ digest, bytes }: FetchedManifest, wanted: Platform, where: string): Digest {
  const manifest = parseManifest(bytes, where)
  if (manifest.kind !== 'index') return digest
  const child = manifest.manifests.find((one) => one.platform && matchesPlatform(wanted, one.platform))
  if (child !== undefined) return child.digest
  const there = manifest.manifests.flatMap((one) => (one.platform ? [formatPlatform(one.platform)] : []))
  const message = `${where} is not there for ${formatPlatform(wanted)}, only for ${there.join(', ') || 'no platform that it names'}`
  throw new PortolanError('CONTENT_INVALID', message)
}

/**
 * What hangs on a manifest: by the registry's own list, or the fallback tag where it keeps none (OCI distribution spec
 * 1.1), and cosign's tags. Rejects as the registry does.
 */
export async function findReferrers(repository: RepositoryReader, digest: Digest): Promise<ImageReferrer[]> {
  const listed = await repository.referrers(digest)
  const descriptors = listed === 'unsupported' ? await readFallback(repository, digest) : listed
  const tags = COSIGN_SUFFIXES.map((suffix) => `${fallbackTag(digest)}.${suffix}` as Tag)
  const tagged = await Promise.all(
    tags.map(async (tag) => ({ tag, digest: (await repository.resolve(tag))?.digest })),
  )
  return [
    ...descriptors.map(({ digest, artifactType }) => ({ digest, ...(artifactType && { artifactType }) })),
    ...tagged.flatMap(({ tag, digest }) => (digest === undefined ? [] : [{ digest, tag }])),
  ]
}

function isFetched(found: ResolvedManifest): found is FetchedManifest {
  return 'bytes' in found
}

async function readFallback(repository: RepositoryReader, digest: Digest): Promise<readonly Descriptor[]> {
  const tag = fallbackTag(digest)
  const found = await repository.manifest(tag)
  if (found === undefined) return []
  const index = parseManifest(found.bytes, `${repository.location}:${tag}`)
  return index.kind === 'index' ? index.manifests : []
}
