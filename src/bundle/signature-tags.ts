import type { Semaphore } from '../internal/semaphore.ts'
import { type Digest, digestAlgorithm, digestEncoded } from '../oci/digest.ts'
import { parseTag, type Tag } from '../oci/name.ts'
import type { RepositoryReader } from '../registry/reader.ts'
import { orFault } from '../replication/manifest-reader.ts'

/** The fallback tag of referrers (OCI distribution spec 1.1, "Referrers Tag Schema"), and cosign's. */
const SUFFIXES = ['', '.sig', '.att', '.sbom']

/**
 * The tags of signatures and the like that these images have, asked for one by one: for registries that let nobody list
 * tags. What cannot be asked for is left out.
 */
export async function findSignatureTags(
  reader: Pick<RepositoryReader, 'resolve'>,
  digests: readonly Digest[],
  places: Semaphore,
): Promise<readonly Tag[]> {
  const asked = [...new Set(digests)].flatMap((digest) => {
    const base = `${digestAlgorithm(digest)}-${digestEncoded(digest)}`
    return SUFFIXES.flatMap((suffix) => parseTag(base + suffix) ?? [])
  })
  const found = await places.map(asked, async (tag) => {
    const resolved = await orFault(() => reader.resolve(tag))
    return resolved !== undefined && 'digest' in resolved ? [tag] : []
  })
  return found.flat()
}
