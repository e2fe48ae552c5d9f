import type { Digest } from '../oci/digest.ts'

/** Where the digits of a digest begin: "sha256:" and "sha512:" are of one length. */
const DIGITS_START = 7

/** What a hexadecimal digit in ASCII stands for. */
const VALUES = new Uint8Array(256)
for (let value = 0; value < 16; value++) VALUES['0123456789abcdef'.charCodeAt(value)] = value

const encoder = new TextEncoder()
const ascii = new Uint8Array(256)
const words = new Uint32Array(16)
let read: Digest | undefined

/**
 * The digits of a sha256 or sha512 digest as numbers of 32 bits, eight digits each, the first ones first. They are
 * good until the next call: one request asks about one digest again and again, and should not pay for it each time.
 */
export function digestWords(digest: Digest): Uint32Array {
  if (digest === read) return words
  // At once, since taking 64 characters out of a string one by one costs more than all the rest of a lookup.
  const { written } = encoder.encodeInto(digest, ascii)
  for (let word = 0, at = DIGITS_START; at < written; word++, at += 8) {
    words[word] =
      (VALUES[ascii[at]!]! << 28) |
      (VALUES[ascii[at + 1]!]! << 24) |
      (VALUES[ascii[at + 2]!]! << 20) |
      (VALUES[ascii[at + 3]!]! << 16) |
      (VALUES[ascii[at + 4]!]! << 12) |
      (VALUES[ascii[at + 5]!]! << 8) |
      (VALUES[ascii[at + 6]!]! << 4) |
      VALUES[ascii[at + 7]!]!
  }
  read = digest
  return words
}
