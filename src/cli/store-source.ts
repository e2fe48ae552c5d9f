import { parseDigest } from '../oci/digest.ts'
import type { Name } from '../oci/name.ts'
import { storeSource } from '../replication/images/store-source.ts'
import type { ConfigStores } from './config-stores.ts'
import type { PlaceWord } from './copy-words.ts'
import type { SourceImage } from './source-image.ts'
import { usage } from './sync-parts.ts'

/** The image of a store that its word names by digest: it has no name there. Throws `USAGE` without a digest. */
export async function storeImages(word: PlaceWord, stores: ConfigStores): Promise<readonly SourceImage[]> {
  const { location, image } = word
  const digest = parseDigest(image ?? '')
  if (digest === undefined)
    throw usage(`${location} has no names: say which image it is by its digest, as ${location}@sha256:…`)
  const { target } = await stores.open(word)
  if (target.manifestKey === undefined)
    throw usage(`${location} keeps no manifests: its "manifests" is not set in the config`)
  const source = storeSource(target, location)
  return [
    { host: '', name: 'image' as Name, digest, source, written: `${location}@${digest}`, isNameless: true },
  ]
}
