import type { Address } from '../../net/address.ts'

/** A client's network as a number: its IPv4 /24 or IPv6 /48, what one customer of a provider has; 0 when not known. */
export function networkOf(address: Address | undefined): number {
  if (address === undefined) return 0
  const { family, word0, word1 } = address
  return family === 4 ? word0 >>> 8 : mixed(word0, word1 >>> 16)
}

/** A client's own part of its network as a number: its IPv4 address or IPv6 /64, what one household has; 0 when not known. */
export function subscriberOf(address: Address | undefined): number {
  if (address === undefined) return 0
  const { family, word0, word1 } = address
  return family === 4 ? word0 : mixed(word0, word1)
}

/** One number of two words, the same for few others. */
function mixed(word0: number, word1: number): number {
  return Math.imul(word0, 0x01000193) ^ word1 ^ 0x8000_0000
}
