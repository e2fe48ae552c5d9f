import { PortolanError } from '../errors.ts'
import { type Digest, digestAlgorithm, digestEncoded } from '../oci/digest.ts'
import { type Descriptor, MANIFEST_MAX_BYTES, OCI_INDEX, parseManifest } from '../oci/manifest.ts'
import type { Tag } from '../oci/name.ts'
import type { Runtime } from '../runtime.ts'
import type { RepositoryReader } from './reader.ts'
import type { RepositoryWriter } from './writer.ts'

/** OCI distribution spec 1.1, "Referrers Tag Schema": the encoded part is cut at 64 characters. */
export function fallbackTag(subject: Digest): Tag {
  return `${digestAlgorithm(subject)}-${digestEncoded(subject).slice(0, 64)}` as Tag
}

/**
 * Puts a referrer into the index that the fallback tag of its subject names, for registries that list no referrers
 * themselves. Whoever writes the same index at the same moment may undo it: the spec has nothing against that.
 */
export async function listByFallbackTag(
  reader: Pick<RepositoryReader, 'manifest'>,
  writer: Pick<RepositoryWriter, 'putManifest' | 'location'>,
  subject: Digest,
  referrer: Descriptor,
  { createHash }: Pick<Runtime, 'createHash'>,
): Promise<void> {
  const tag = fallbackTag(subject)
  const before = await reader.manifest(tag)
  const where = `${writer.location}:${tag}`
  const index = before === undefined ? undefined : parseManifest(before.bytes, where)
  if (index?.kind === 'manifest') {
    throw new PortolanError('CONTENT_INVALID', `${where} is an image, where the list of referrers should be`)
  }
  const known = index?.manifests ?? []
  if (known.some(({ digest }) => digest === referrer.digest)) return
  const { mediaType, digest, size, artifactType, annotations } = referrer
  const added = { mediaType, digest, size, artifactType, annotations }
  const document = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [...known, added] }
  const bytes = new TextEncoder().encode(JSON.stringify(document))
  if (bytes.length > MANIFEST_MAX_BYTES) {
    throw new PortolanError('CONTENT_INVALID', `${where} would be larger than registries take`)
  }
  const hash = createHash('sha256')
  hash.update(bytes)
  await writer.putManifest(tag, {
    digest: `sha256:${hash.hex()}` as Digest,
    mediaType: OCI_INDEX,
    bytes,
  })
}
