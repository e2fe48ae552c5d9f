import { parseManifest } from '../oci/manifest.ts'
import type { Name } from '../oci/name.ts'
import { formatReference } from '../oci/reference.ts'
import type { CopySource } from '../replication/images/copy-images.ts'
import { type LayoutEntry, readLayoutEntries } from '../storage/fs/layout-entries.ts'
import type { LayoutFiles } from '../storage/fs/layout-files.ts'
import { LayoutRepository } from '../storage/fs/layout-repository.ts'
import { readLayout } from '../storage/fs/read-layout.ts'
import { printable, say } from './print.ts'
import type { SourceImage } from './source-image.ts'

/** What images without a name are called on their way. */
const NAMELESS = 'image' as Name

/**
 * The images of an image layout, by what its list says. Where that names no image in full, as skopeo's and buildx's layouts
 * of one image, all that has a tag alone or nothing is an image without a name. Says what of the layout cannot be read.
 * Throws `FILE_UNREADABLE`, and `CONTENT_INVALID`.
 */
export async function layoutImages(files: LayoutFiles, location: string): Promise<readonly SourceImage[]> {
  const entries = await readLayoutEntries(files)
  const isNamed = entries.some(({ reference }) => reference !== undefined)
  const { repositories, warnings } = await readLayout(files, isNamed ? undefined : NAMELESS)
  for (const { message } of warnings) say(printable(`${location}: ${message}`))
  const source: CopySource = {
    location,
    // One of which nothing can be read has nothing.
    repository: (name) => repositories.get(name) ?? new LayoutRepository(files, NOTHING),
  }
  const images = entries.map((entry) => (isNamed ? named(entry, source) : nameless(entry, source)))
  return (await Promise.all(images)).flat()
}

const NOTHING = { tags: new Map(), manifests: new Map(), blobs: new Map(), referrers: new Map() }

async function named({ reference, digest }: LayoutEntry, source: CopySource): Promise<SourceImage[]> {
  if (reference === undefined) return []
  const written = `${source.location}:${formatReference(reference)}`
  return [{ ...reference, host: reference.host ?? '', digest, source, written }]
}

/** What is about another manifest, such as a signature, comes along with that. */
async function nameless({ digest, tag, title }: LayoutEntry, source: CopySource): Promise<SourceImage[]> {
  const manifest = await source.repository(NAMELESS).manifest(digest)
  const isReferrer = manifest !== undefined && parseManifest(manifest.bytes, digest).subject !== undefined
  if (isReferrer && tag === undefined) return []
  const written = printable(`${source.location}${title === undefined ? '' : `:${title}`}`)
  return [
    { host: '', name: NAMELESS, ...(tag && { tag }), digest, source, written, isNameless: true as const },
  ]
}
