import { type Index, isIndex, isManifest, parseManifest } from '../../oci/manifest.ts'
import type { Name } from '../../oci/name.ts'
import { describeName, fullName, nameOf, tagOf } from './entry-name.ts'
import { contentInvalid, unreadable } from './files.ts'
import { LAYOUT_FILES, LAYOUT_INDEX_MAX_BYTES, type LayoutFiles } from './layout-files.ts'
import { type LayoutContent, LayoutWalk, type NamedEntry } from './layout-walk.ts'

/**
 * Reads an image layout (OCI image spec 1.1, image-layout.md) and walks every manifest in it. In a layout that is the
 * repository `name`, its entries are named by tag; in one without, by `NAME:TAG`, a host before it being dropped.
 *
 * Throws `FILE_UNREADABLE`, and `CONTENT_INVALID` when `oci-layout` or `index.json` are not what the spec says. A
 * manifest that is missing, altered, not a regular file, or not below the root is left out with a warning.
 */
export async function readLayout(files: LayoutFiles, name: Name | undefined): Promise<LayoutContent> {
  await checkVersion(files)
  const path = files.nameOf(LAYOUT_FILES.index)
  const index = await readLayoutIndex(files)
  const walk = new LayoutWalk(files)
  const named: NamedEntry[] = []
  const nameless: Omit<NamedEntry, 'name' | 'tag'>[] = []
  for (const [position, descriptor] of index.manifests.entries()) {
    const field = `${path}: manifests[${position}]`
    if (!isIndex(descriptor.mediaType) && !isManifest(descriptor.mediaType)) {
      walk.warn(path, `${field} is left out: ${JSON.stringify(descriptor.mediaType)} is no manifest`)
      continue
    }
    const title = name === undefined ? fullName(descriptor) : { name, tag: tagOf(descriptor) }
    if (title === undefined) nameless.push({ field, descriptor })
    else named.push({ field, descriptor, ...title })
    if (name !== undefined && title?.tag === undefined && nameOf(descriptor) !== undefined) {
      walk.warn(path, `${field} has no tag: ${describeName(descriptor)}; expected a tag`)
    }
  }
  for (const { descriptor } of nameless) await walk.addReferrer(descriptor)
  for (const entry of named) await walk.addEntry(entry)
  for (const { field, descriptor } of nameless) {
    if (!walk.reached(descriptor.digest)) {
      walk.warn(path, `${field} is left out: ${describeName(descriptor)}; expected NAME:TAG`)
    }
  }
  return walk.content()
}

/** Reads the list of a layout. Throws `FILE_UNREADABLE` and `CONTENT_INVALID`. */
export async function readLayoutIndex(files: LayoutFiles): Promise<Index> {
  const path = files.nameOf(LAYOUT_FILES.index)
  const bytes = await readRequired(files, LAYOUT_FILES.index, LAYOUT_INDEX_MAX_BYTES)
  const index = parseManifest(bytes, path, LAYOUT_INDEX_MAX_BYTES)
  if (index.kind === 'index') return index
  throw contentInvalid(path, `${path} is one image; expected an index`)
}

async function checkVersion(files: LayoutFiles): Promise<void> {
  const path = files.nameOf(LAYOUT_FILES.layout)
  const bytes = await readRequired(files, LAYOUT_FILES.layout, 4096)
  let version: unknown
  try {
    version = JSON.parse(new TextDecoder().decode(bytes))?.imageLayoutVersion
  } catch {
    version = undefined
  }
  if (version !== '1.0.0') {
    throw contentInvalid(
      path,
      `${path} states imageLayoutVersion ${JSON.stringify(version)}; expected "1.0.0"`,
    )
  }
}

async function readRequired(files: LayoutFiles, path: string, maxBytes: number): Promise<Uint8Array> {
  const bytes = await files.read(path, maxBytes)
  if (bytes === undefined) throw unreadable(files.nameOf(path), new Error('there is no such file'))
  return bytes
}
