import { PortolanError } from '../errors.ts'
import { type Address, formatAddress, parseAddress } from './address.ts'

/** A block of addresses: those whose first `length` bits are those of `address`, whose other bits are zero. */
export interface Prefix {
  readonly address: Address
  readonly length: number
}

/**
 * Reads `ADDRESS/LENGTH`; an address alone is the block that holds nothing else. A block of IPv4-mapped IPv6 addresses
 * becomes the IPv4 block it stands for, as an address does.
 *
 * Throws `ADDRESS_INVALID`. A bit set below the length is an error and is not cleared: either the address or the length
 * is not what the writer meant, and for a list of trusted proxies the wrong guess is a hole.
 */
export function parsePrefix(text: string): Prefix {
  const slash = text.indexOf('/')
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (address === undefined) throw invalid(text, 'expected an IPv4 or IPv6 ADDRESS or ADDRESS/LENGTH')
  const bits = address.family === 4 ? 32 : 128
  if (slash < 0) return { address, length: bits }

  const mapped = address.family === 4 && text.includes(':')
  const shortest = mapped ? 96 : 0
  const written = text.slice(slash + 1)
  const length = /^(?:0|[1-9][0-9]{0,2})$/.test(written) ? Number(written) - shortest : -1
  if (length < 0 || length > bits) {
    throw invalid(text, `expected a length from ${shortest} to ${shortest + bits} after the "/"`)
  }
  const prefix = { address: firstAddress(address, length), length }
  if (!prefixContains({ address, length: bits }, prefix.address)) {
    throw invalid(text, `bits are set below its length; the block is ${formatPrefix(prefix)}`)
  }
  return prefix
}

/** Writes `ADDRESS/LENGTH`, the inverse of {@link parsePrefix}. */
export function formatPrefix({ address, length }: Prefix): string {
  return `${formatAddress(address)}/${length}`
}

/** Whether the address lies in the block; one of the other family never does. */
export function prefixContains({ address: first, length }: Prefix, address: Address): boolean {
  return (
    first.family === address.family &&
    ((first.word0 ^ address.word0) & mask(length)) === 0 &&
    ((first.word1 ^ address.word1) & mask(length - 32)) === 0 &&
    ((first.word2 ^ address.word2) & mask(length - 64)) === 0 &&
    ((first.word3 ^ address.word3) & mask(length - 96)) === 0
  )
}

/** The first address of the block of this length that an address lies in. */
export function firstAddress({ family, word0, word1, word2, word3 }: Address, length: number): Address {
  return {
    family,
    word0: word0 & mask(length),
    word1: word1 & mask(length - 32),
    word2: word2 & mask(length - 64),
    word3: word3 & mask(length - 96),
  }
}

/** The last address of a block. */
export function lastAddress({ address, length }: Prefix): Address {
  const { family, word0, word1, word2, word3 } = address
  if (family === 4) return { ...address, word0: word0 | ~mask(length) }
  return {
    family,
    word0: word0 | ~mask(length),
    word1: word1 | ~mask(length - 32),
    word2: word2 | ~mask(length - 64),
    word3: word3 | ~mask(length - 96),
  }
}

/** A word whose first `length` bits are set: none below 1, all from 32 on. */
function mask(length: number): number {
  return length <= 0 ? 0 : length >= 32 ? -1 : -1 << (32 - length)
}

function invalid(prefix: string, expected: string): PortolanError {
  return new PortolanError('ADDRESS_INVALID', `${JSON.stringify(prefix)} is not a prefix: ${expected}`, {
    prefix,
  })
}
