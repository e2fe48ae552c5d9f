import { PortolanError } from '../errors.ts'

/*
 * The bytes of an inventory; all numbers are little-endian, and all but the date are of 32 bits.
 *
 *    0  "PORTOINV"
 *    8  version
 *   12  bytes of the whole
 *   16  when it was made, in milliseconds since 1970, as a 64-bit float
 *   24  number of contents with a sha256 digest
 *   28  number of contents with a sha512 digest
 *   32  bytes of the media types
 *   36  media types: a JSON list in UTF-8, then spaces up to a multiple of 4
 *       the sha256 digests, ascending: eight numbers each, a number for eight of its digits
 *       the sha512 digests, ascending: sixteen numbers each
 *       for each content, in the same order: the low 32 bits of its size; the other 16 bits of it and, in the high
 *       half, its kind: 0 for a blob, n for a manifest of the n-th media type
 *       CRC-32 of all before
 *
 * A digest may stand twice, first as a blob and then as a manifest, since a store keeps the two in different places.
 */
export const MAGIC = 'PORTOINV'
export const VERSION = 1
export const HEADER_BYTES = 36
export const CHECKSUM_BYTES = 4
/** Numbers in a digest. */
export const SHA256_WORDS = 8
export const SHA512_WORDS = 16
/** Largest size of a content that can be written down: 256 TiB. */
export const MAX_SIZE = 2 ** 48 - 1
export const MAX_MEDIA_TYPES = 2 ** 16 - 1

/** An inventory that is larger is neither written nor read: some 1.6 million contents. */
export const INVENTORY_MAX_BYTES = 64 * 1024 * 1024

/** RFC 6838, section 4.2: what may stand in a `Content-Type` without a parameter. */
const MEDIA_TYPE = /^[a-zA-Z0-9][\w!#$&^.+-]{0,126}\/[a-zA-Z0-9][\w!#$&^.+-]{0,126}$/

export function isMediaType(value: unknown): value is string {
  return typeof value === 'string' && MEDIA_TYPE.test(value)
}

/** Whether a number is a moment that `Date` knows, in milliseconds since 1970. */
export function isMoment(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= 8.64e15
}

/** `fault` says what is wrong with it, as the second half of a sentence about "it". */
export function invalidInventory(fault: string, cause?: unknown): PortolanError {
  return new PortolanError('CONTENT_INVALID', `this is not a usable inventory: ${fault}`, { fault }, cause)
}
