import fc from 'fast-check'
import type { Address } from '../../src/net/address.ts'
import type { Prefix } from '../../src/net/prefix.ts'

export const BITS = { 4: 32n, 6: 128n } as const

/** The address of a family whose bits are those of the number. */
export function toAddress(family: 4 | 6, bits: bigint): Address {
  const word = (from: bigint) => Number(BigInt.asIntN(32, bits >> from))
  return family === 4
    ? { family, word0: word(0n), word1: 0, word2: 0, word3: 0 }
    : { family, word0: word(96n), word1: word(64n), word2: word(32n), word3: word(0n) }
}

/** The inverse of {@link toAddress}. */
export function toBits({ family, word0, word1, word2, word3 }: Address): bigint {
  const words = family === 4 ? [word0] : [word0, word1, word2, word3]
  return words.reduce((bits, word) => (bits << 32n) | BigInt(word >>> 0), 0n)
}

/** Longest-prefix match as a definition: of all that hold the address, the one with the greatest length. */
export function longestMatch<E extends { readonly prefix: Prefix }>(
  entries: readonly E[],
  address: Address,
): E | undefined {
  const holding = entries.filter(({ prefix }) => {
    if (prefix.address.family !== address.family) return false
    const rest = BITS[address.family] - BigInt(prefix.length)
    return toBits(prefix.address) >> rest === toBits(address) >> rest
  })
  return holding.reduce<E | undefined>(
    (best, entry) => (best === undefined || entry.prefix.length > best.prefix.length ? entry : best),
    undefined,
  )
}

/** The first and the last address of a block, and their neighbours outside it. */
export function edgesOf({ address, length }: Prefix): Address[] {
  const size = 1n << (BITS[address.family] - BigInt(length))
  const first = toBits(address)
  return [first - 1n, first, first + size - 1n, first + size]
    .filter((bits) => bits >= 0n && bits >> BITS[address.family] === 0n)
    .map((bits) => toAddress(address.family, bits))
}

/** Addresses that are close to each other more often than not. */
export function addresses(): fc.Arbitrary<Address> {
  const roots = [0n, 0x0a000000n, 0x7fffffffn, 0x80000000n, 0xffffffffn]
  return fc
    .tuple(
      fc.constantFrom<(4 | 6)[]>(4, 6),
      fc.constantFrom(...roots),
      fc.nat(127),
      fc.bigInt(0n, 2n ** 128n - 1n),
    )
    .chain(([family, root, flipped, any]) => {
      const size = BITS[family]
      const high = root << (size - 32n)
      const near = high ^ (1n << (BigInt(flipped) % size))
      return fc
        .constantFrom(high, near, BigInt.asUintN(Number(size), any))
        .map((bits) => toAddress(family, bits))
    })
}

/** Blocks that nest, touch and repeat more often than not. */
export function prefixes(): fc.Arbitrary<Prefix> {
  return fc.tuple(addresses(), fc.nat(128)).map(([{ family, ...words }, any]) => {
    const length = any % (Number(BITS[family]) + 1)
    const rest = BITS[family] - BigInt(length)
    return { address: toAddress(family, (toBits({ family, ...words }) >> rest) << rest), length }
  })
}
