import file from '../../../data/sample-traffic.json' with { type: 'json' }
import { hashText } from '../../internal/text-hash.ts'

/** A content, and its size in bytes. */
export interface SyntheticContent {
  readonly digest: string
  readonly size: number
}

/** One version of an image, for one platform, as its clients ask for it. */
export interface SyntheticImage {
  readonly name: string
  readonly tag: string
  readonly index: SyntheticContent
  readonly manifest: SyntheticContent
  readonly config: SyntheticContent
  /** Those of its base first. */
  readonly layers: readonly SyntheticContent[]
  /** How many of the layers are its base's, which other images have as well. */
  readonly shared: number
}

const MEGABYTE = 1_000_000
/** Of a hundred clients, those whose processors are of another kind. */
const ARM = 0.15
/** A later version is asked for this much more often than the one before it. */
const NEWER = 1.25

/** Draws from a list by weight. */
export class Lot<Item> {
  readonly #items: readonly Item[]
  readonly #ends: Float64Array

  constructor(items: readonly Item[], weightOf: (item: Item, index: number) => number) {
    this.#items = items
    this.#ends = new Float64Array(items.length)
    let sum = 0
    for (const [index, item] of items.entries()) {
      sum += weightOf(item, index)
      this.#ends[index] = sum
    }
  }

  /** `chance` is from 0 up to 1. */
  draw(chance: number): Item {
    const wanted = chance * this.#ends.at(-1)!
    return this.#items[this.#ends.findIndex((end) => wanted < end)]!
  }
}

/** Who pulls, what, and how; nothing of it says who answers. */
export const traffic = {
  requestsPerDay: file.requestsPerDay,
  /** How much of a working day's traffic a day of a weekend has. */
  weekend: file.weekend,
  /** Chances that a node has what it is told to pull, or its base. */
  held: file.held,
  clients: new Lot(file.clients, ({ weight }) => weight),
  kinds: new Lot(file.kinds, ({ weight }) => weight),
}

const images = new Lot(file.images, ({ weight }) => weight)
const versions = new Map(
  file.images.map(({ name, versions: count }) => [
    name,
    new Lot(
      Array.from({ length: count }, (_, index) => index),
      (index) => NEWER ** index,
    ),
  ]),
)
const made = new Map<string, SyntheticImage>()

/** Draws an image that a client pulls. */
export function drawImage(random: () => number): SyntheticImage {
  const image = images.draw(random())
  const version = versions.get(image.name)!.draw(random())
  const platform = random() < ARM ? 'arm64' : 'amd64'
  const key = `${image.name} ${version} ${platform}`
  let one = made.get(key)
  if (one === undefined) {
    one = makeImage(image, version, platform)
    made.set(key, one)
  }
  return one
}

function makeImage(
  { name, layers, base }: (typeof file.images)[number],
  version: number,
  platform: string,
): SyntheticImage {
  // Several versions stand on the same base, whatever image they are of.
  const baseLayers = base === undefined ? [] : file.bases[base as keyof typeof file.bases]
  const baseVersion = Math.floor(version / 4)
  const key = `${name} ${version} ${platform}`
  return {
    name,
    tag: `v1.${version}.0`,
    index: content(`index ${name} ${version}`, 0.0017),
    manifest: content(`manifest ${key}`, 0.0021),
    config: content(`config ${key}`, 0.0024),
    layers: [
      ...baseLayers.map((size, index) => content(`base ${base} ${baseVersion} ${platform} ${index}`, size)),
      ...layers.map((size, index) => content(`layer ${key} ${index}`, size)),
    ],
    shared: baseLayers.length,
  }
}

/** Sizes go up and down by a tenth, by what the content is; `size` is in megabytes. */
function content(text: string, size: number): SyntheticContent {
  const digits = [0, 1, 2, 3, 4].map((part) => hashText(`${text} ${part}`).toString(16).padStart(13, '0'))
  const varied = 0.9 + (hashText(text) % 1000) / 5000
  return { digest: `sha256:${digits.join('').slice(0, 64)}`, size: Math.round(size * varied * MEGABYTE) }
}
