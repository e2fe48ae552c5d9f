import type { Digest } from '../../oci/digest.ts'
import type { Name } from '../../oci/name.ts'
import { formatReference } from '../../oci/reference.ts'
import { listByFallbackTag } from '../../registry/fallback-referrers.ts'
import type { Registry } from '../../registry/reader.ts'
import type { RegistryWriter } from '../../registry/writer.ts'
import type { Runtime } from '../../runtime.ts'
import type { CopyTarget, TargetRepository } from './copy-target.ts'

/** A registry that images are copied to. */
export function registryTarget(
  runtime: Pick<Runtime, 'createHash'>,
  reader: Registry,
  writer: RegistryWriter,
): CopyTarget {
  /** By repository and subject: two that are listed at once would undo each other. */
  const listing = new Map<string, Promise<void>>()
  return {
    location: writer.location,
    nameOf: (image) => `${writer.location}/${formatReference(image)}`,
    repository: (name) => openRepository(runtime, reader, writer, name, listing),
  }
}

function openRepository(
  runtime: Pick<Runtime, 'createHash'>,
  reader: Registry,
  writer: RegistryWriter,
  name: Name,
  listing: Map<string, Promise<void>>,
): TargetRepository {
  const [asked, written] = [reader.repository(name), writer.repository(name)]
  return {
    ...written,
    resolve: async (tag) => (await asked.resolve(tag))?.digest,
    hasManifest: (digest) => written.hasManifest(digest),
    listReferrer(subject: Digest, referrer) {
      const key = `${name}@${subject}`
      const before = listing.get(key) ?? Promise.resolve()
      const next = before
        .catch(() => {})
        .then(() => listByFallbackTag(asked, written, subject, referrer, runtime))
      listing.set(key, next)
      return next
    },
  }
}
