import { PortolanError } from '../../errors.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Name, Tag } from '../../oci/name.ts'
import type { RepositoryReader } from '../../registry/reader.ts'
import { orFault } from '../manifest-reader.ts'

/** Far beyond any repository whose tags are listed for the signatures among them. */
const TAGS_MAX = 1_000_000

/** The tags of a repository, for the signatures among them; where they cannot be listed, a fault that says what that means. */
export async function listSignatureTags(
  repository: RepositoryReader,
): Promise<{ readonly tags: readonly Tag[]; readonly faults: readonly PortolanError[] }> {
  const tags: Tag[] = []
  const fault = await orFault(async () => {
    for await (const tag of repository.tags()) if (tags.push(tag) > TAGS_MAX) break
  })
  if (fault === undefined) return { tags, faults: [] }
  const message = `whether there are signatures by tag is not known: ${fault.message}`
  return { tags: [], faults: [new PortolanError(fault.code, message, fault.facts, fault)] }
}

/** Whether a fault of a walk is about an image of a repository: walks name the image first. */
export function isAbout(
  { message }: { readonly message: string },
  name: Name,
  { tag, digest }: { readonly tag: Tag | undefined; readonly digest: Digest },
): boolean {
  return message.startsWith(`${name}:${tag}: `) || message.startsWith(`${name}@${digest}: `)
}
