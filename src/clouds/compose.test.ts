import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Address, parseAddress } from '../net/address.ts'
import { firstAddress, formatPrefix, type Prefix, parsePrefix, prefixContains } from '../net/prefix.ts'
import { buildPrefixTable, type PrefixEntry } from '../net/prefix-table-builder.ts'
import { composeLayers } from './compose.ts'

const layer = (...entries: [prefix: string, value: string][]) =>
  entries.map(([text, value]) => ({ prefix: parsePrefix(text), value }))

test.each([
  ['the longest prefix of a layer', [layer(['5.0.0.0/8', 'outer'], ['5.9.0.0/16', 'inner'])], 'inner'],
  [
    'the earlier layer, though its prefix is shorter',
    [layer(['5.0.0.0/8', 'range']), layer(['5.9.0.0/16', 'country'])],
    'range',
  ],
  [
    'the earlier layer inside a later one',
    [layer(['5.9.0.0/16', 'range']), layer(['5.0.0.0/8', 'country'])],
    'range',
  ],
  [
    'the earlier layer for the same prefix',
    [layer(['5.9.0.0/16', 'range']), layer(['5.9.0.0/16', 'country'])],
    'range',
  ],
  [
    'the first value of a prefix that a layer has twice',
    [layer(['5.9.0.0/16', 'one'], ['5.9.0.0/16', 'two'])],
    'one',
  ],
  [
    'a later layer where the earlier has nothing',
    [layer(['6.0.0.0/8', 'range']), layer(['5.0.0.0/8', 'country'])],
    'country',
  ],
  ['nothing, when there is no layer', [], undefined],
])('what counts for an address is %s', (_, layers, expected) => {
  expect(buildPrefixTable(composeLayers(layers)).lookup(parseAddress('5.9.0.1')!)).toBe(expected)
})

test('an override inside a range inside a country leaves each of them the rest', () => {
  const table = buildPrefixTable(
    composeLayers([
      layer(['5.9.9.0/24', 'override']),
      layer(['5.9.0.0/16', 'range']),
      layer(['5.0.0.0/8', 'country'], ['5.9.9.128/25', 'hidden'], ['5.9.128.0/17', 'hidden']),
    ]),
  )
  const at = (text: string) => table.lookup(parseAddress(text)!)
  expect([at('5.9.9.200'), at('5.9.200.1'), at('5.1.1.1'), at('4.0.0.1')]).toEqual([
    'override',
    'range',
    'country',
    undefined,
  ])
})

// Few distinct bits, so that prefixes nest, repeat and touch.
const anAddress: fc.Arbitrary<Address> = fc
  .record({ family: fc.constantFrom(4 as const, 6 as const), high: fc.nat(7), low: fc.nat(7) })
  .map(({ family, high, low }) =>
    family === 4
      ? { family, word0: (high << 29) | low, word1: 0, word2: 0, word3: 0 }
      : { family, word0: high << 29, word1: 0, word2: 0, word3: low },
  )
const aPrefix: fc.Arbitrary<Prefix> = fc
  .record({ address: anAddress, short: fc.nat(3), long: fc.nat(3), isLong: fc.boolean() })
  .map(({ address, short, long, isLong }) => {
    const length = isLong ? (address.family === 4 ? 32 : 128) - long : short
    return { address: firstAddress(address, length), length }
  })
const aLayer = fc.uniqueArray(fc.record({ prefix: aPrefix, value: fc.nat(9) }), {
  maxLength: 8,
  selector: ({ prefix }) => formatPrefix(prefix),
})

/** The rule in words: the first layer that has a prefix with the address, and there the longest such prefix. */
function oracle(layers: PrefixEntry<number>[][], address: Address): number | undefined {
  for (const entries of layers) {
    const holding = entries.filter(({ prefix }) => prefixContains(prefix, address))
    if (holding.length > 0) return holding.reduce((a, b) => (b.prefix.length > a.prefix.length ? b : a)).value
  }
  return undefined
}

test('a longest-prefix table of the composed layers says what the layers say one after the other', () => {
  fc.assert(
    fc.property(
      fc.array(aLayer, { maxLength: 4 }),
      fc.array(anAddress, { maxLength: 20 }),
      (layers, addresses) => {
        const table = buildPrefixTable(composeLayers(layers))
        for (const address of addresses) expect(table.lookup(address)).toBe(oracle(layers, address))
      },
    ),
    { numRuns: 500 },
  )
})
