import { copyImages } from '../replication/images/copy-images.ts'
import { mapName } from '../replication/images/name-map.ts'
import { registryTarget } from '../replication/images/registry-target.ts'
import { commandRuntime } from './command-runtime.ts'
import { type CopyDestination, type DestinationParts, readPlace } from './copy-destination.ts'
import { readPlaceWord } from './copy-words.ts'
import { requireNames } from './source-image.ts'
import { usage } from './sync-parts.ts'

/**
 * Reads the last word of a copy: `HOST[/PREFIX]`, `HOST/NAME:TAG` where there is one image, `oci:FOLDER[:NAME:TAG]`,
 * `oci-archive:FILE[:NAME:TAG]`, or `store:ID`. Throws `USAGE`, and what opening a layout throws.
 */
export async function readDestination(word: string, parts: DestinationParts): Promise<CopyDestination> {
  const place = readPlaceWord(word)
  if (place === undefined) return registryAt(word, parts)
  // From registry to registry none of it is needed, and to load it all would take as long as to see that nothing is new.
  if (place.kind === 'oci') return (await import('./file-destination.ts')).layoutAt(place, parts)
  if (place.kind === 'oci-archive') return (await import('./file-destination.ts')).archiveAt(place, parts)
  if (place.kind === 'store') return (await import('./store-destination.ts')).storeAt(place, parts)
  throw usage(`${place.location} is no target of a copy: bundle export writes bundles`)
}

function registryAt(word: string, { images, mappings, registries }: DestinationParts): CopyDestination {
  const { host, prefix, exact } = readPlace(word, images.length === 1)
  if (exact === undefined) requireNames(images, 'say at the end what it is to be called')
  const reader = registries.of(host)
  const target = registryTarget(commandRuntime, reader, registries.writer(host))
  return {
    reader,
    copy: (jobs, options) => copyImages(commandRuntime, target, jobs, options),
    nameOf: ({ host: from, name, tag }) => exact ?? { name: mapName(from, name, prefix, mappings), tag },
    close: async () => {},
  }
}
