import { crc32 } from '../net/crc32.ts'
import type { Digest } from '../oci/digest.ts'
import { DigestList } from './digest-list.ts'
import { digestWords } from './digest-words.ts'
import {
  CHECKSUM_BYTES,
  HEADER_BYTES,
  INVENTORY_MAX_BYTES,
  invalidInventory,
  isMediaType,
  isMoment,
  MAGIC,
  MAX_MEDIA_TYPES,
  SHA256_WORDS,
  SHA512_WORDS,
  VERSION,
} from './format.ts'
import type { Inventory, InventoryEntry } from './inventory.ts'

/**
 * Reads what `encodeInventory` wrote, and looks things up in `bytes` itself, so they must not change any more.
 *
 * Throws `CONTENT_INVALID` for anything else, saying what is wrong. The checksum finds damage, not forgery.
 */
export function decodeInventory(bytes: Uint8Array): Inventory {
  if (bytes.length > INVENTORY_MAX_BYTES) {
    throw invalidInventory(`it has ${bytes.length} bytes, and ${INVENTORY_MAX_BYTES} are allowed`)
  }
  if (new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) {
    throw invalidInventory(`it does not begin with "${MAGIC}"`)
  }
  if (bytes.length < HEADER_BYTES + CHECKSUM_BYTES) {
    throw invalidInventory(`it is truncated: ${bytes.length} bytes are there`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const version = view.getUint32(8, true)
  if (version !== VERSION) {
    throw invalidInventory(`it has version ${version}, and only version ${VERSION} can be read`)
  }
  const length = view.getUint32(12, true)
  if (length !== bytes.length) throw invalidInventory(`${bytes.length} of ${length} bytes are there`)
  const checksumAt = length - CHECKSUM_BYTES
  if (length % 4 !== 0 || view.getUint32(checksumAt, true) !== crc32(bytes.subarray(0, checksumAt))) {
    throw invalidInventory('its checksum is wrong')
  }
  const at = view.getFloat64(16, true)
  if (!isMoment(at)) throw invalidInventory('its date is none')
  const sha256Count = view.getUint32(24, true)
  const sha512Count = view.getUint32(28, true)
  const typesLength = view.getUint32(32, true)
  const sha256At = HEADER_BYTES + typesLength
  const sha512At = sha256At + 4 * SHA256_WORDS * sha256Count
  const detailsAt = sha512At + 4 * SHA512_WORDS * sha512Count
  if (typesLength % 4 !== 0 || detailsAt + 8 * (sha256Count + sha512Count) !== checksumAt) {
    throw invalidInventory('its parts do not fill it')
  }
  const inventory = new StoredInventory(
    at,
    new DigestList(wordsAt(bytes, sha256At, sha512At), SHA256_WORDS),
    new DigestList(wordsAt(bytes, sha512At, detailsAt), SHA512_WORDS),
    wordsAt(bytes, detailsAt, checksumAt),
    readMediaTypes(bytes.subarray(HEADER_BYTES, sha256At)),
    bytes,
  )
  const fault = inventory.fault()
  if (fault !== undefined) throw invalidInventory(fault)
  return inventory
}

class StoredInventory implements Inventory {
  readonly at: number
  readonly count: number
  readonly bytes: Uint8Array
  readonly #sha256: DigestList
  readonly #sha512: DigestList
  /** Two numbers a content, those of the sha256 digests first. */
  readonly #details: Uint32Array
  readonly #mediaTypes: readonly string[]
  /** What was looked for last, and where it stands: one request looks for the same thing several times. */
  #sought: Digest | undefined
  #found = -1

  constructor(
    at: number,
    sha256: DigestList,
    sha512: DigestList,
    details: Uint32Array,
    mediaTypes: readonly string[],
    bytes: Uint8Array,
  ) {
    this.at = at
    this.bytes = bytes
    this.count = sha256.length + sha512.length
    this.#sha256 = sha256
    this.#sha512 = sha512
    this.#details = details
    this.#mediaTypes = mediaTypes
  }

  blob(digest: Digest): number | undefined {
    const index = this.#find(digest)
    return index >= 0 && this.#kind(index) === 0 ? this.#size(index) : undefined
  }

  manifest(digest: Digest): { readonly size: number; readonly mediaType: string } | undefined {
    let index = this.#find(digest)
    if (index < 0) return undefined
    if (this.#kind(index) === 0) {
      if (this.#orderToNext(index) !== 0) return undefined
      index++
    }
    return { size: this.#size(index), mediaType: this.#mediaType(index) }
  }

  *entries(): Iterable<InventoryEntry> {
    for (let index = 0; index < this.count; index++) {
      const first = this.#sha256.length
      const digest =
        index < first
          ? `sha256:${this.#sha256.digits(index)}`
          : `sha512:${this.#sha512.digits(index - first)}`
      const content = { digest: digest as Digest, size: this.#size(index) }
      yield this.#kind(index) === 0 ? content : { ...content, mediaType: this.#mediaType(index) }
    }
  }

  /** What is wrong with it, if anything. */
  fault(): string | undefined {
    for (let index = 0; index < this.count; index++) {
      const kind = this.#kind(index)
      if (kind > this.#mediaTypes.length) return 'it has a content of a media type that it does not name'
      const order = this.#orderToNext(index)
      if (order > 0) return 'its digests are not in order'
      const isPair = kind === 0 && this.#kind(index + 1) > 0
      if (order === 0 && !isPair) return 'it has a content twice'
    }
    return undefined
  }

  #find(digest: Digest): number {
    if (digest === this.#sought) return this.#found
    this.#found = this.#search(digest)
    this.#sought = digest
    return this.#found
  }

  #search(digest: Digest): number {
    if (digest.startsWith('sha256:')) return this.#sha256.find(digestWords(digest))
    if (!digest.startsWith('sha512:')) return -1
    const index = this.#sha512.find(digestWords(digest))
    return index < 0 ? -1 : this.#sha256.length + index
  }

  /** How the digest at an index stands to the next one: below 0, or 0 when it is the same. */
  #orderToNext(index: number): number {
    const first = this.#sha256.length
    const [list, place] = index < first ? [this.#sha256, index] : [this.#sha512, index - first]
    return place + 1 < list.length ? list.orderToNext(place) : -1
  }

  #size(index: number): number {
    return this.#details[2 * index]! + (this.#details[2 * index + 1]! & 0xffff) * 2 ** 32
  }

  #kind(index: number): number {
    return this.#details[2 * index + 1]! >>> 16
  }

  #mediaType(index: number): string {
    return this.#mediaTypes[this.#kind(index) - 1]!
  }
}

function readMediaTypes(bytes: Uint8Array): readonly string[] {
  let list: unknown
  try {
    list = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw invalidInventory('its media types are not JSON', cause)
  }
  if (!Array.isArray(list) || list.length > MAX_MEDIA_TYPES || !list.every(isMediaType)) {
    throw invalidInventory('its media types are not a list of such')
  }
  return list
}

const hostIsLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/** A view of the numbers where alignment and byte order allow one, else a copy. */
function wordsAt(bytes: Uint8Array, start: number, end: number): Uint32Array {
  const length = (end - start) / 4
  const offset = bytes.byteOffset + start
  if (hostIsLittleEndian && offset % 4 === 0) return new Uint32Array(bytes.buffer, offset, length)
  const view = new DataView(bytes.buffer, offset)
  return Uint32Array.from({ length }, (_, word) => view.getUint32(word * 4, true))
}
