import type { RepositoryReader } from '../../registry/reader.ts'

/** A repository that is not there. */
export function emptyRepository(location: string): RepositoryReader {
  return {
    location,
    tags: () => [],
    resolve: async () => undefined,
    manifest: async () => undefined,
    referrers: async () => [],
    stat: async () => undefined,
    blob: async () => undefined,
  }
}
