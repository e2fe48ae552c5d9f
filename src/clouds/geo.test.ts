import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import cloudAsns from '../../data/cloud-asns.json' with { type: 'json' }
import { PortolanError } from '../errors.ts'
import { parseAddress } from '../net/address.ts'
import { formatPrefix } from '../net/prefix.ts'
import { buildPrefixTable } from '../net/prefix-table-builder.ts'
import { composeLayers } from './compose.ts'
import { decodeGeo, encodeGeo, type GeoData, type GeoStep, geoPrefixes } from './geo.ts'
import { describeLocated, geoLayers } from './layers.ts'

const stepsOf = (blocks: number): fc.Arbitrary<GeoStep[]> =>
  fc
    .uniqueArray(
      fc.record({
        block: fc.nat(blocks - 1),
        place: fc.option(fc.constantFrom('aws/us', 'country/FR', 'country/東')),
      }),
      {
        selector: ({ block }) => block,
        maxLength: 30,
      },
    )
    .map((steps) =>
      steps
        .sort((left, right) => left.block - right.block)
        .map(({ block, place }) => (place === null ? { block } : { block, place })),
    )
const someData: fc.Arbitrary<GeoData> = fc.record({
  date: fc.constant('2026-06-17'),
  source: fc.string(),
  steps4: stepsOf(2 ** 24),
  steps6: stepsOf(2 ** 48),
})
const data: GeoData = {
  date: '2026-06-17',
  source: 'somebody',
  steps4: [{ block: 0x050900, place: 'hetzner/de' }, { block: 0x050a00 }],
  steps6: [{ block: 0x20010200_0000, place: 'country/JP' }, { block: 0x20010201_0000 }],
}

test('what was written is read again', () => {
  fc.assert(
    fc.property(someData, (some) => {
      expect(decodeGeo(encodeGeo(some))).toEqual(some)
    }),
  )
})

test('the prefixes of the steps', () => {
  const steps4 = [
    { block: 0, place: 'country/AU' },
    { block: 3, place: 'country/CN' },
    { block: 8 },
    { block: 2 ** 24 - 1, place: 'aws' },
  ]
  const steps6 = [{ block: 2 ** 47, place: 'linode/de' }]
  const prefixes = geoPrefixes({ steps4, steps6 }).map(
    ({ prefix, place }) => `${formatPrefix(prefix)} ${place}`,
  )
  expect(prefixes).toEqual([
    '0.0.0.0/23 country/AU',
    '0.0.2.0/24 country/AU',
    '0.0.3.0/24 country/CN',
    '0.0.4.0/22 country/CN',
    '255.255.255.0/24 aws',
    '8000::/1 linode/de',
  ])
})

test('an address has the place of the last step before it', () => {
  fc.assert(
    fc.property(someData, fc.nat(2 ** 24 - 1), fc.nat(2 ** 48 - 1), ({ steps4, steps6 }, block4, block6) => {
      const table = buildPrefixTable(
        geoPrefixes({ steps4, steps6 }).map(({ prefix, place }) => ({ prefix, value: place })),
      )
      const last = (steps: readonly GeoStep[], block: number) =>
        steps.findLast((step) => step.block <= block)?.place
      const word1 = (block6 % 2 ** 16) << 16
      const in4 = { family: 4 as const, word0: (block4 << 8) | 7, word1: 0, word2: 0, word3: 0 }
      const in6 = {
        family: 6 as const,
        word0: Math.floor(block6 / 2 ** 16) | 0,
        word1: word1 | 9,
        word2: 1,
        word3: 1,
      }
      expect(table.lookup(in4)).toBe(last(steps4, block4))
      expect(table.lookup(in6)).toBe(last(steps6, block6))
    }),
  )
})

test('a file with any byte changed, cut off or added is refused', () => {
  const bytes = encodeGeo(data)
  const refused = (file: Uint8Array) => {
    expect(() => decodeGeo(file)).toThrow(PortolanError)
    expect(() => decodeGeo(file)).toThrow(/^not a file of geo data: /)
  }
  for (let at = 0; at < bytes.length; at++) {
    refused(bytes.map((byte, index) => (index === at ? byte ^ 1 : byte)))
    refused(bytes.subarray(0, at))
  }
  refused(Uint8Array.of(...bytes, 0))
})

test.each<[string, Pick<GeoData, 'steps4'>]>([
  ['out of order', { steps4: [{ block: 5, place: 'aws' }, { block: 5 }] }],
  ['out of order', { steps4: [{ block: 2 ** 24, place: 'aws' }] }],
])('steps that are %s are refused, though the checksum is right', (reason, steps) => {
  expect(() => decodeGeo(encodeGeo({ ...data, ...steps }))).toThrow(reason)
})

const bytes = readFileSync(join(import.meta.dirname, '../../data/geo.bin'))

test('the geo data that comes with Portolan knows clouds by their networks, and countries', () => {
  const geo = decodeGeo(bytes)
  expect(geo.date).toMatch(/^20\d\d-\d\d-\d\d$/)
  expect(geo.source).toContain('CC BY 4.0')
  const table = buildPrefixTable(composeLayers(geoLayers(geo)), describeLocated)
  const at = (text: string) => {
    const found = table.lookup(parseAddress(text)!)
    return found === undefined ? undefined : describeLocated(found)
  }
  expect(at('5.9.0.1')).toBe('asn hetzner/de')
  expect(at('2a01:4f8::1')).toBe('asn hetzner/de')
  expect(at('193.0.6.139')).toBe('country country/NL')
  expect(at('133.11.0.1')).toBe('country country/JP')
  expect(at('2001:200::1')).toBe('country country/JP')
  for (const special of [
    '10.0.0.1',
    '192.168.1.1',
    '127.0.0.1',
    '2001:db8::1',
    '2002:808:808::1',
    'fe80::1',
    '::1',
  ]) {
    expect(at(special)).toBeUndefined()
  }
})

test('no network is of two clouds', () => {
  expect(new Set(cloudAsns.asns.map(({ asn }) => asn)).size).toBe(cloudAsns.asns.length)
})
