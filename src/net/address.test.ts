import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addresses } from '../../test/support/prefixes.ts'
import { formatAddress, parseAddress, parseAddressSlice } from './address.ts'

describe('an address', () => {
  it.each([
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['1.20.100.9', '1.20.100.9'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8::A', '2001:db8::a'],
    ['2001:db8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:0db8:0000:0001:0000:0000:0000:0001', '2001:db8:0:1::1'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['1:2:3:4:5:6:7.8.9.10', '1:2:3:4:5:6:708:90a'],
    // RFC 4291, section 2.2: "::" stands for one or more groups.
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    // RFC 5952, section 4.2: the longest run of zeros is shortened, the first of equal ones, never a single group.
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    // IPv4-mapped addresses are IPv4.
    ['::ffff:35.3.1.1', '35.3.1.1'],
    ['::ffff:2303:101', '35.3.1.1'],
    ['0:0:0:0:0:FFFF:2303:0101', '35.3.1.1'],
    ['::fffe:35.3.1.1', '::fffe:2303:101'],
    ['::35.3.1.1', '::2303:101'],
  ])('%s is written %s', (text, expected) => {
    expect(formatAddress(parseAddress(text)!)).toBe(expected)
  })

  it.each([
    ...['', '1', '1.2.3', '1.2.3.4.5', '1.2.3.', '.1.2.3', '1..2.3', '1.2.3.4.', '256.1.1.1', '1.1.1.256'],
    ...[
      '01.2.3.4',
      '1.2.3.04',
      '00.0.0.0',
      '1.2.3.4 ',
      ' 1.2.3.4',
      '1.2.3.a',
      '1.2.3.-4',
      '1.2.3.4/32',
      '0x1.2.3.4',
    ],
    ...['1.2.3.4\0', '١.2.3.4', '1234.1.1.1', '1.2.3.1234', '1/.2.3.4', '1.2.3.4:80'],
    ...[
      ':',
      ':::',
      '1:',
      ':1',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1::2::3',
      '1:2:3:4::5:6:7:8',
      '12345::',
    ],
    ...[
      'g::',
      '::1 ',
      '[::1]',
      '::1.2.3',
      '::1.2.3.256',
      '1:2:3:4:5:6:7:1.2.3.4',
      '::1.2.3.4:5',
      '1.2.3.4::',
      '::%',
    ],
    ...['fe80::1%eth0', 'fe80::1%1', '::\u{1d7d8}', `${'0'.repeat(50)}::1`, '0'.repeat(100_000)],
  ])('is not %j', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(addresses(), (address) => {
        const text = formatAddress(address)
        expect(formatAddress(parseAddress(text)!)).toBe(text)
        const mapped = address.word0 === 0 && address.word1 === 0 && address.word2 === 0xffff
        if (address.family === 4 || !mapped) expect(parseAddress(text)).toEqual(address)
      }),
    )
  })

  it('is written as URLs write it', () => {
    fc.assert(
      fc.property(addresses(), (address) => {
        const text = formatAddress(address)
        expect(new URL(`http://${address.family === 4 ? text : `[${text}]`}/`).host).toBe(
          address.family === 4 ? text : `[${text}]`,
        )
      }),
    )
  })

  it('is what node:net takes for one, but for zone ids', () => {
    const pieces = fc.constantFrom(
      '',
      '0',
      '1',
      '01',
      '9',
      '99',
      '255',
      '256',
      'a',
      'FfFf',
      '12345',
      ' ',
      '/',
      '-1',
    )
    const joined = fc.oneof(
      fc.array(pieces, { minLength: 3, maxLength: 5 }).map((octets) => octets.join('.')),
      fc
        .array(fc.oneof(pieces, fc.constantFrom('', '1.2.3.4', '1.2.3')), { maxLength: 10 })
        .map((parts) => parts.join(':')),
      fc.string({ unit: fc.constantFrom(...'0123456789abcdefF:.:.g /'), maxLength: 48 }),
      fc.string({ unit: 'binary', maxLength: 20 }),
      addresses().map(formatAddress),
    )
    fc.assert(
      fc.property(joined, (text) => {
        fc.pre(!text.includes('%'))
        expect(parseAddress(text) !== undefined).toBe(isIP(text) !== 0)
      }),
      { numRuns: 2000 },
    )
  })

  it('is read from a slice as from a text of its own', () => {
    const around = fc.constantFrom('', '1', '.', ':', '[', '9.9', '::', ' ')
    const inside = fc.oneof(
      addresses().map(formatAddress),
      fc.string({ unit: fc.constantFrom(...'01.:f'), maxLength: 16 }),
    )
    fc.assert(
      fc.property(around, inside, around, (before, text, after) => {
        const slice = parseAddressSlice(before + text + after, before.length, before.length + text.length)
        expect(slice).toEqual(parseAddress(text))
      }),
      { numRuns: 1000 },
    )
  })
})
