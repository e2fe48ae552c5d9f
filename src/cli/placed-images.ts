import { openBundleFile, openBundleFolder } from '../adapters/node/open-bundle-folder.ts'
import { ArchiveFiles } from '../storage/fs/archive-files.ts'
import { folderFiles } from '../storage/fs/layout-files.ts'
import { bundleImages } from './bundle-source.ts'
import type { ConfigStores } from './config-stores.ts'
import type { PlaceWord } from './copy-words.ts'
import { layoutImages } from './layout-source.ts'
import { chooseImage, type SourceImage } from './source-image.ts'
import { storeImages } from './store-source.ts'
import { usage } from './sync-parts.ts'

/** The images of a place that is no registry, or the one of them that is meant. Throws `USAGE` where there is none. */
export async function imagesIn(
  word: PlaceWord,
  stores: ConfigStores | undefined,
): Promise<readonly SourceImage[]> {
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
