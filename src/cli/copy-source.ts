import { text } from 'node:stream/consumers'
import { openBundleFile, openBundleFolder } from '../adapters/node/open-bundle-folder.ts'
import { PortolanError } from '../errors.ts'
import { parseFullReference } from '../oci/full-reference.ts'
import { parseImageList } from '../oci/image-list.ts'
import { formatReference } from '../oci/reference.ts'
import { ArchiveFiles } from '../storage/fs/archive-files.ts'
import { folderFiles } from '../storage/fs/layout-files.ts'
import { bundleImages } from './bundle-source.ts'
import type { ConfigStores } from './config-stores.ts'
import { type PlaceWord, readPlaceWord } from './copy-words.ts'
import { layoutImages } from './layout-source.ts'
import { readTextFile } from './read-registry-map.ts'
import type { NamedRegistries } from './registries.ts'
import { chooseImage, type SourceImage } from './source-image.ts'
import { storeImages } from './store-source.ts'
import { usage } from './sync-parts.ts'

/**
 * Reads the images of a command line: references, those of layouts, archives and bundles, all of them or one, one of a
 * store, and those of a list.
 */
export async function readSources(
  words: readonly string[],
  list: string | undefined,
  registries: NamedRegistries,
  stores?: ConfigStores,
): Promise<readonly SourceImage[]> {
  const listed = list === undefined ? [] : await readList(list)
  const read = [...words, ...listed].map(async (word) => {
    const place = readPlaceWord(word)
    return place === undefined ? [imageOf(word, registries)] : imagesIn(place, stores)
  })
  return (await Promise.all(read)).flat()
}

async function readList(file: string): Promise<readonly string[]> {
  const { images, faults } = parseImageList(await (file === '-' ? text(process.stdin) : readTextFile(file)))
  if (faults.length === 0) return images.map(({ written }) => written)
  const lines = faults.map(({ line, message }) => `${file}:${line}: ${message}`)
  throw new PortolanError('USAGE', lines.join('\n'))
}

function imageOf(word: string, registries: NamedRegistries): SourceImage {
  const reference = parseFullReference(word)
  return { ...reference, source: registries.of(reference.host), written: formatReference(reference) }
}

async function imagesIn(word: PlaceWord, stores: ConfigStores | undefined): Promise<readonly SourceImage[]> {
  const { kind, location, image } = word
  if (kind === 'store') {
    if (stores === undefined) throw usage(`${location} is no source here: copy takes images from stores`)
    return storeImages(word, stores)
  }
  const images = await imagesOf(word)
  if (image !== undefined) return chooseImage(images, image, location)
  if (images.length > 0) return images
  throw usage(`${location} has no image: nothing is in its list, or nothing that can be read`)
}

async function imagesOf({ kind, place, location }: PlaceWord): Promise<readonly SourceImage[]> {
  if (kind === 'oci') return layoutImages(folderFiles(place), location)
  if (kind === 'bundle') return bundleImages(await openBundleFolder(place), location)
  if (place === '-')
    throw usage(`${location} cannot be read: an archive is read here and there, so write it to a file before`)
  // A bundle says more than its list does: which tags are signatures.
  const bundle = await openBundleFile(place)
  if (bundle !== undefined) return bundleImages(bundle, location)
  return layoutImages(await ArchiveFiles.open(place), location)
}
