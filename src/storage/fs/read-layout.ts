import { join } from 'node:path'
import { isIndex, isManifest, parseManifest } from '../../oci/manifest.ts'
import type { Name } from '../../oci/name.ts'
import { describeName, fullName, nameOf, tagOf } from './entry-name.ts'
import { contentInvalid, type LayoutPlace, readSmallFile, realFileBelow, unreadable } from './files.ts'
import { type LayoutContent, LayoutWalk, type NamedEntry } from './layout-walk.ts'

/** `index.json` is the list of all tags: far more than a registry would take as one manifest. */
const INDEX_MAX_BYTES = 64 * 1024 * 1024

/**
 * Reads an image layout (OCI image spec 1.1, image-layout.md) and walks every manifest in it. In a layout that is the
 * repository `name`, its entries are named by tag; in one without, by `NAME:TAG`, a host before it being dropped.
 *
 * Throws `FILE_UNREADABLE`, and `CONTENT_INVALID` when `oci-layout` or `index.json` are not what the spec says. A
 * manifest that is missing, altered, not a regular file, or not below the root is left out with a warning.
 */
export async function readLayout(place: LayoutPlace, name: Name | undefined): Promise<LayoutContent> {
  const { folder, root } = place
  await checkVersion(root, join(folder, 'oci-layout'))
  const path = join(folder, 'index.json')
  const index = parseManifest(await readRequired(root, path, INDEX_MAX_BYTES), path, INDEX_MAX_BYTES)
  if (index.kind !== 'index') throw contentInvalid(path, `${path} is one image; expected an index`)

  const walk = new LayoutWalk(place)
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

async function checkVersion(root: string, path: string): Promise<void> {
  const bytes = await readRequired(root, path, 4096)
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

async function readRequired(root: string, path: string, maxBytes: number): Promise<Uint8Array> {
  const real = await realFileBelow(root, path)
  const bytes = real === undefined ? undefined : await readSmallFile(real, maxBytes)
  if (bytes === undefined) throw unreadable(path, new Error('there is no such file'))
  return bytes
}
