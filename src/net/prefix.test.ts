import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addresses, edgesOf, longestMatch, prefixes, toAddress } from '../../test/support/prefixes.ts'
import { formatAddress, parseAddress } from './address.ts'
import { firstAddress, formatPrefix, lastAddress, parsePrefix, prefixContains } from './prefix.ts'

describe('a prefix', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['192.0.2.1/32', '192.0.2.1/32'],
    ['192.0.2.1', '192.0.2.1/32'],
    ['::/0', '::/0'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['2001:db8::1', '2001:db8::1/128'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::ffff:c000:201/128', '192.0.2.1/32'],
    ['::ffff:192.0.2.1', '192.0.2.1/32'],
  ])('%s is written %s', (text, expected) => {
    expect(formatPrefix(parsePrefix(text))).toBe(expected)
  })

  it.each([
    ['', '"" is not a prefix: expected an IPv4 or IPv6 ADDRESS or ADDRESS/LENGTH'],
    ['x/8', '"x/8" is not a prefix: expected an IPv4 or IPv6 ADDRESS or ADDRESS/LENGTH'],
    ['10.0.0.0/', '"10.0.0.0/" is not a prefix: expected a length from 0 to 32 after the "/"'],
    ['10.0.0.0/33', '"10.0.0.0/33" is not a prefix: expected a length from 0 to 32 after the "/"'],
    ['10.0.0.0/08', '"10.0.0.0/08" is not a prefix: expected a length from 0 to 32 after the "/"'],
    ['10.0.0.0/8/8', '"10.0.0.0/8/8" is not a prefix: expected a length from 0 to 32 after the "/"'],
    ['::/129', '"::/129" is not a prefix: expected a length from 0 to 128 after the "/"'],
    ['::ffff:0:0/95', '"::ffff:0:0/95" is not a prefix: expected a length from 96 to 128 after the "/"'],
    ['10.1.0.0/8', '"10.1.0.0/8" is not a prefix: bits are set below its length; the block is 10.0.0.0/8'],
    [
      '2001:db8::1/64',
      '"2001:db8::1/64" is not a prefix: bits are set below its length; the block is 2001:db8::/64',
    ],
  ])('%j is refused with a reason', (text, message) => {
    expect(() => parsePrefix(text)).toThrow(expect.objectContaining({ code: 'ADDRESS_INVALID', message }))
  })

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(prefixes(), (prefix) => {
        fc.pre(!formatAddress(prefix.address).startsWith('::ffff:'))
        expect(parsePrefix(formatPrefix(prefix))).toEqual(prefix)
      }),
    )
  })

  it('holds what the definition says, and no address of the other family', () => {
    fc.assert(
      fc.property(prefixes(), addresses(), (prefix, any) => {
        for (const address of [any, ...edgesOf(prefix)]) {
          expect(prefixContains(prefix, address)).toBe(longestMatch([{ prefix }], address) !== undefined)
        }
      }),
    )
    expect(prefixContains(parsePrefix('0.0.0.0/0'), parseAddress('::')!)).toBe(false)
    expect(prefixContains(parsePrefix('0.0.0.0/0'), parseAddress('::ffff:0:0')!)).toBe(true)
  })

  it('has a first and a last address', () => {
    fc.assert(
      fc.property(prefixes(), (prefix) => {
        const last = lastAddress(prefix)
        expect(edgesOf(prefix)).toContainEqual(last)
        expect(prefixContains(prefix, last)).toBe(true)
        expect(firstAddress(last, prefix.length)).toEqual(prefix.address)
      }),
    )
    expect(lastAddress(parsePrefix('::/0'))).toEqual(toAddress(6, 2n ** 128n - 1n))
  })
})
