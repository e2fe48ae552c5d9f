import { copyManifests, type ManifestParts } from '../copy-manifests.ts'
import { putTags } from './put-tags.ts'
import type { RegistryWork } from './registry-work.ts'
import type { RepositoryWork } from './repository-work.ts'

/** Writes down what a registry is to get beside blobs: manifests, and tags. */
export function planRegistry(work: RegistryWork): void {
  for (const { lackingManifests, lackingTags } of work.readable) {
    work.planned.manifests += lackingManifests.length
    work.planned.bytes += lackingManifests.reduce((sum, { size }) => sum + size, 0)
    work.planned.tags += lackingTags.length
  }
}

/**
 * Brings a registry that has its blobs the manifests that it lacks, each after all that it names, and then its tags. One of
 * which a part could not be read at the upstream is withheld, and so is what leads to it. Never rejects.
 */
export async function fillRegistry(work: RegistryWork, parts: ManifestParts): Promise<void> {
  const fill = async (repository: RepositoryWork) => {
    const { sendable } = repository
    work.withheld += repository.lackingManifests.length - sendable.length
    await copyManifests(repository, sendable, parts)
    await putTags(work, repository, parts)
  }
  // What is pushed at once is for the registry's places to say.
  await Promise.all(work.readable.map(fill))
}
