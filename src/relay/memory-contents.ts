import type {
  CachedRepository,
  CacheRecords,
  ContentCache,
  ContentLink,
  LastAnswer,
  NamedQuestion,
} from '../cache/content-cache.ts'
import { GenerationalCache } from '../internal/generational-cache.ts'
import type { Digest } from '../oci/digest.ts'

/** What the relay keeps small contents in, and what it knows of names. */
export type SmallContents = Pick<ContentCache, 'read' | 'put' | 'records'>

/** Links that are remembered without a cache; some 200 bytes each. */
const LINKS_MAX = 100_000
/** Manifests that are remembered without a cache, and the largest of them, in bytes. */
const MANIFESTS_MAX = 256
const MANIFEST_MAX_BYTES = 64 * 1024

/**
 * What a mirror without a cache remembers, in bounded memory: which digest a repository has, so that no other is asked for
 * it, and the latest manifests, since a client asks for one by its tag and then again by its digest. What a tag stands
 * for it does not remember.
 */
export function createMemoryContents(): SmallContents {
  const links = new GenerationalCache<string, ContentLink>(LINKS_MAX)
  const manifests = new GenerationalCache<Digest, Uint8Array>(MANIFESTS_MAX)
  const records: CacheRecords = {
    answer: (_: NamedQuestion): LastAnswer | undefined => undefined,
    setAnswer() {},
    link: (repository, digest) => links.get(keyOf(repository, digest)),
    // What one repository has is nothing to another: its upstream is asked.
    links: () => [],
    setLinks(repository, all) {
      for (const [digest, link] of all) links.set(keyOf(repository, digest), link)
    },
    answers: () => [],
  }
  return {
    records,
    read: async (digest) => manifests.get(digest),
    async put(digest, bytes) {
      if (bytes.length > MANIFEST_MAX_BYTES) return false
      manifests.set(digest, bytes)
      return true
    },
  }
}

function keyOf({ registry, name }: CachedRepository, digest: Digest): string {
  return `${registry} ${name} ${digest}`
}
