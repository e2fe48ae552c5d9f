import { PortolanError } from '../../errors.ts'
import type { Digest } from '../../oci/digest.ts'
import { isIndex, isManifest } from '../../oci/manifest.ts'
import type { Tag } from '../../oci/name.ts'
import { parseReference, type Reference } from '../../oci/reference.ts'
import { nameOf, tagOf } from './entry-name.ts'
import type { LayoutFiles } from './layout-files.ts'
import { readLayoutIndex } from './read-layout.ts'

/** A manifest that the list of a layout names. */
export interface LayoutEntry {
  readonly digest: Digest
  /** As it stands there, whatever that is; absent where it has none. */
  readonly title?: string
  /** Its name with a tag or a digest, the host included; absent where it has none, or a tag alone. */
  readonly reference?: Reference
  readonly tag?: Tag
}

/** What the list of an image layout names, in its order. Throws `FILE_UNREADABLE` and `CONTENT_INVALID`. */
export async function readLayoutEntries(files: LayoutFiles): Promise<readonly LayoutEntry[]> {
  const { manifests } = await readLayoutIndex(files)
  return manifests.flatMap((entry): LayoutEntry[] => {
    if (!isIndex(entry.mediaType) && !isManifest(entry.mediaType)) return []
    const title = nameOf(entry)
    const reference = title === undefined ? undefined : readName(title)
    const tag = reference === undefined ? tagOf(entry) : reference.tag
    return [
      {
        digest: entry.digest,
        ...(title !== undefined && { title }),
        ...(reference && { reference }),
        ...(tag && { tag }),
      },
    ]
  })
}

function readName(text: string): Reference | undefined {
  try {
    const reference = parseReference(text)
    return reference.tag === undefined && reference.digest === undefined ? undefined : reference
  } catch (error) {
    if (error instanceof PortolanError) return undefined
    throw error
  }
}
