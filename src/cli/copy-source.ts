import { text } from 'node:stream/consumers'
import { PortolanError } from '../errors.ts'
import { parseFullReference } from '../oci/full-reference.ts'
import { parseImageList } from '../oci/image-list.ts'
import { formatReference } from '../oci/reference.ts'
import type { ConfigStores } from './config-stores.ts'
import { readPlaceWord } from './copy-words.ts'
import type { NamedRegistries } from './registries.ts'
import type { SourceImage } from './source-image.ts'
import { readTextFile } from './text-file.ts'

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
    if (place === undefined) return [imageOf(word, registries)]
    // From registry to registry nothing of files and stores is needed.
    return (await import('./placed-images.ts')).imagesIn(place, stores)
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
