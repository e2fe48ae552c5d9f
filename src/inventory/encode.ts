import { crc32 } from '../net/crc32.ts'
import { isVerifiable } from '../oci/digest.ts'
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
  MAX_SIZE,
  SHA256_WORDS,
  SHA512_WORDS,
  VERSION,
} from './format.ts'
import type { InventoryEntry } from './inventory.ts'

/**
 * Writes an inventory; the order of the entries makes no difference. `at` is when it was made, in milliseconds since
 * 1970. Throws `CONTENT_INVALID` for an entry that no store can hold, naming it, and when there are too many.
 */
export function encodeInventory(entries: Iterable<InventoryEntry>, at: number): Uint8Array<ArrayBuffer> {
  if (!isMoment(at)) throw invalidInventory(`${at} is no moment in milliseconds since 1970`)
  // Digests of one algorithm sort as their numbers do, and "sha256" comes before "sha512".
  const sorted = [...entries].sort((a, b) => compare(a.digest, b.digest) || kindOrder(a) - kindOrder(b))
  const mediaTypes = [...new Set(sorted.flatMap(({ mediaType }) => mediaType ?? []))].sort()
  if (mediaTypes.length > MAX_MEDIA_TYPES)
    throw invalidInventory(`it has more than ${MAX_MEDIA_TYPES} media types`)
  for (const [index, entry] of sorted.entries()) check(entry, sorted[index - 1])
  const kinds = new Map(mediaTypes.map((mediaType, index) => [mediaType, index + 1]))

  const sha256Count = sorted.filter(({ digest }) => digest.startsWith('sha256:')).length
  const sha512Count = sorted.length - sha256Count
  const encoder = new TextEncoder()
  const types = encoder.encode(JSON.stringify(mediaTypes))
  const typesLength = Math.ceil(types.length / 4) * 4
  const digestBytes = 4 * (sha256Count * SHA256_WORDS + sha512Count * SHA512_WORDS)
  const length = HEADER_BYTES + typesLength + digestBytes + 8 * sorted.length + CHECKSUM_BYTES
  if (length > INVENTORY_MAX_BYTES) {
    throw invalidInventory(`it would have ${length} bytes, and ${INVENTORY_MAX_BYTES} are allowed`)
  }

  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  encoder.encodeInto(MAGIC, bytes)
  view.setUint32(8, VERSION, true)
  view.setUint32(12, length, true)
  view.setFloat64(16, at, true)
  view.setUint32(24, sha256Count, true)
  view.setUint32(28, sha512Count, true)
  view.setUint32(32, typesLength, true)
  bytes.fill(32 /* space */, HEADER_BYTES, HEADER_BYTES + typesLength)
  bytes.set(types, HEADER_BYTES)
  let digestAt = HEADER_BYTES + typesLength
  let detailAt = digestAt + digestBytes
  for (const { digest, size, mediaType } of sorted) {
    const width = digest.startsWith('sha256:') ? SHA256_WORDS : SHA512_WORDS
    for (const word of digestWords(digest).subarray(0, width)) {
      view.setUint32(digestAt, word, true)
      digestAt += 4
    }
    view.setUint32(detailAt, size % 2 ** 32, true)
    view.setUint16(detailAt + 4, Math.floor(size / 2 ** 32), true)
    view.setUint16(detailAt + 6, mediaType === undefined ? 0 : kinds.get(mediaType)!, true)
    detailAt += 8
  }
  view.setUint32(detailAt, crc32(bytes.subarray(0, detailAt)), true)
  return bytes
}

function check(entry: InventoryEntry, before: InventoryEntry | undefined): void {
  const { digest, size, mediaType } = entry
  if (!isVerifiable(digest)) throw invalidInventory(`nobody can check the digest ${digest}`)
  if (!Number.isSafeInteger(size) || size < 0 || size > MAX_SIZE) {
    throw invalidInventory(`${digest} has ${size} bytes; expected a whole number from 0 to ${MAX_SIZE}`)
  }
  if (mediaType !== undefined && !isMediaType(mediaType)) {
    throw invalidInventory(`${digest} is said to be of the type ${JSON.stringify(mediaType)}`)
  }
  if (before?.digest === digest && kindOrder(before) === kindOrder(entry)) {
    throw invalidInventory(`${digest} stands in it twice`)
  }
}

/** Of one digest, the blob comes before the manifest. */
function kindOrder({ mediaType }: InventoryEntry): number {
  return mediaType === undefined ? 0 : 1
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
