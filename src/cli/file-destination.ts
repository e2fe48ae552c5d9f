import { writeArchive } from '../bundle/write-archive.ts'
import { type Name, parseTag, type Tag } from '../oci/name.ts'
import { formatReference, parseReference } from '../oci/reference.ts'
import { copyImages } from '../replication/images/copy-images.ts'
import { mapName } from '../replication/images/name-map.ts'
import { WritableLayout } from '../storage/fs/writable-layout.ts'
import { ArchiveFile, ArchivePipe } from './archive-output.ts'
import { commandRuntime } from './command-runtime.ts'
import { type CopyDestination, type DestinationParts, wholeName } from './copy-destination.ts'
import type { PlaceWord } from './copy-words.ts'
import { requireNames } from './source-image.ts'
import { usage } from './sync-parts.ts'

/** A folder that is an image layout, or becomes one. */
export async function layoutAt(word: PlaceWord, parts: DestinationParts): Promise<CopyDestination> {
  const { location, place } = word
  const nameOf = namesIn(word, parts)
  const layout = await WritableLayout.open(place, commandRuntime)
  const target = {
    location,
    nameOf: (image: Parameters<typeof formatReference>[0]) => `${location}:${formatReference(image)}`,
    repository: (name: Name) => layout.repository(name),
  }
  return {
    async copy(jobs, options) {
      if (!options.dryRun) await layout.take(parts.say)
      return copyImages(commandRuntime, target, jobs, options)
    },
    nameOf,
    close: () => layout.close(),
  }
}

/** An archive of an image layout, as a file or on standard output. */
export function archiveAt(word: PlaceWord, parts: DestinationParts): CopyDestination {
  const { place, location } = word
  const isOutput = place === '-'
  const output = isOutput ? new ArchivePipe(location) : new ArchiveFile(place, location)
  return {
    ...(isOutput && { isOutput }),
    copy: (jobs, options) => writeArchive(commandRuntime, output, jobs, options),
    nameOf: namesIn(word, parts),
    close: () => output.close(),
  }
}

/** Names of images in a layout: with their hosts, by which containerd and others know them again. */
function namesIn(
  { image, location }: PlaceWord,
  { images, mappings }: DestinationParts,
): CopyDestination['nameOf'] {
  const named = image === undefined ? undefined : readNamed(image, location, images.length === 1)
  if (named?.name === undefined)
    requireNames(images, `say at the end what it is to be called: ${location}:NAME:TAG`)
  return ({ host, name, tag }) => {
    const wanted = named?.tag ?? tag
    if (named?.name !== undefined) return { name: named.name, tag: wanted }
    if (mappings.length > 0) return { name: mapName(host, name, '', mappings), tag: wanted }
    return { name: wholeName(host, name), tag: wanted }
  }
}

/** Reads `[HOST/]NAME:TAG`, or a tag alone, which is that of the image under its own name. */
function readNamed(
  text: string,
  location: string,
  isOne: boolean,
): { readonly name?: Name; readonly tag: Tag } {
  if (!isOne) throw usage(`the target ${location}:${text} names one image, which several cannot be`)
  const alone = parseTag(text)
  if (alone !== undefined) return { tag: alone }
  const { host, name, tag, digest } = parseReference(text)
  if (digest !== undefined)
    throw usage(`the target ${JSON.stringify(`${location}:${text}`)} has a digest: content has its own`)
  if (tag === undefined) throw usage(`the target ${location}:${text} has no tag: ${location}:NAME:TAG`)
  return { name: wholeName(host ?? '', name), tag }
}
