import { isSignatureTag, type Tag } from '../../oci/name.ts'
import type { RepositoryReader } from '../../registry/reader.ts'

/** Far beyond any repository: a list that is longer does not end. */
const TAGS_MAX = 1_000_000

/** The tags of a repository; what nothing can be called is left out, since it is nothing of ours. */
export async function listTags(reader: RepositoryReader): Promise<ReadonlySet<Tag>> {
  const tags = new Set<Tag>()
  for await (const tag of reader.tags({ onInvalid: () => {} })) if (tags.add(tag).size >= TAGS_MAX) break
  return tags
}

/** Of listed tags those that nobody chose; those of signatures are made by whoever pushes. */
export function otherTags(listed: Iterable<Tag>, chosen: ReadonlySet<Tag>): Tag[] {
  return [...listed].filter((tag) => !chosen.has(tag) && !isSignatureTag(tag))
}
