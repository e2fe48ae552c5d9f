import type { Digest } from '../oci/digest.ts'
import type { ReachableImage, ReachableManifest } from './reachable.ts'

/** The images that some content is part of. */
export interface AffectedImages {
  /** `NAME:TAG`, the first of them. */
  readonly images: readonly string[]
  /** How many there are. */
  readonly imageCount: number
}

const MAX_IMAGES = 20

/** What leads to what. */
export interface LeadingContent {
  readonly images: readonly ReachableImage[]
  readonly manifests: ReadonlyMap<Digest, Pick<ReachableManifest, 'digest' | 'content'>>
}

/** Finds the images that would fail to pull without some content, the first `most`; each question costs only the way up from it. */
export function createImageFinder(
  { images, manifests }: LeadingContent,
  most = MAX_IMAGES,
): (digest: Digest) => AffectedImages {
  const parents = new Map<Digest, Digest[]>()
  for (const { digest, content } of manifests.values()) {
    for (const part of content) append(parents, part, digest)
  }
  const tagged = new Map<Digest, number[]>()
  for (const [index, { digest }] of images.entries()) append(tagged, digest, index)
  return (digest) => {
    const above = new Set([digest])
    for (const each of above) for (const parent of parents.get(each) ?? []) above.add(parent)
    const found = [...above].flatMap((each) => tagged.get(each) ?? []).toSorted((a, b) => a - b)
    return {
      images: found.slice(0, most).map((index) => `${images[index]!.name}:${images[index]!.tag}`),
      imageCount: found.length,
    }
  }
}

function append<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
