import { join } from 'node:path'
import { PortolanError } from '../../errors.ts'
import type { Digest } from '../../oci/digest.ts'
import { isIndex, isManifest, parseManifest } from '../../oci/manifest.ts'
import { parseReference, type Reference } from '../../oci/reference.ts'
import { nameOf } from './entry-name.ts'
import { contentInvalid, readSmallFile, unreadable } from './files.ts'

/** An image that the list of a layout names. */
export interface LayoutEntry extends Reference {
  readonly digest: Digest
}

const INDEX_MAX_BYTES = 64 * 1024 * 1024

/**
 * The images of one image layout by their names, hosts included; what has no name, or a tag alone, is left out. Throws
 * `FILE_UNREADABLE` and `CONTENT_INVALID`.
 */
export async function readLayoutEntries(folder: string): Promise<readonly LayoutEntry[]> {
  const file = join(folder, 'index.json')
  const bytes = await readSmallFile(file, INDEX_MAX_BYTES)
  if (bytes === undefined) throw unreadable(file, new Error('there is no such file'))
  const index = parseManifest(bytes, file, INDEX_MAX_BYTES)
  if (index.kind !== 'index') throw contentInvalid(file, `${file} is one image; expected an index`)
  return index.manifests.flatMap((entry) => {
    if (!isIndex(entry.mediaType) && !isManifest(entry.mediaType)) return []
    const named = readName(nameOf(entry) ?? '')
    return named === undefined ? [] : [{ ...named, digest: entry.digest }]
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
