import { expect, test } from 'vitest'
import { makeRanges } from '../../test/support/test-ranges.ts'
import { parseAddress } from '../net/address.ts'
import { parsePrefix } from '../net/prefix.ts'
import { encodeSnapshot } from '../net/prefix-snapshot.ts'
import { buildPrefixTable } from '../net/prefix-table-builder.ts'
import { buildRanges, decodeRanges, encodeRanges } from './snapshot.ts'

const source = { from: 'a test', fetched: '2026-07-29T00:00:00.000Z', prefixes: 1 }
const geo = {
  date: '2026-06-17',
  source: 'somebody',
  steps4: [
    { block: 0x050900, place: 'hetzner/de' },
    { block: 0x050a00, place: 'country/FR' },
    { block: 0x050b00 },
  ],
  steps6: [],
}
const ranges = buildRanges(
  [
    {
      source: { provider: 'azure', title: 'Microsoft Azure', date: 'today', ...source },
      entries: [{ prefix: parsePrefix('5.9.9.0/24'), place: 'azure/westeurope' }],
    },
    {
      source: { provider: 'github', title: 'GitHub', ...source },
      entries: [{ prefix: parsePrefix('5.9.8.0/23'), place: 'github' }],
    },
  ],
  geo,
  '2026-07-29T00:00:00.000Z',
)

test.each([
  ['a list', '5.9.9.1', 'range', { name: 'azure/westeurope', country: 'NL' }],
  ['a later list', '5.9.8.1', 'range', { name: 'github', cloud: 'github' }],
  ['the cloud that announces it', '5.9.7.1', 'asn', { name: 'hetzner/de', cloud: 'hetzner', country: 'DE' }],
  ['its country', '5.10.0.1', 'country', { name: 'country/FR', country: 'FR' }],
])('an address is known by %s, before and after it was written', (_, address, known, place) => {
  for (const { table } of [ranges, decodeRanges(encodeRanges(ranges))]) {
    const found = table.lookup(parseAddress(address)!)
    expect(found).toMatchObject({ source: known, place })
    expect(found!.place.coordinates === undefined).toBe(place.name === 'github')
  }
})

test('a snapshot says what it was made from', () => {
  expect(decodeRanges(encodeRanges(ranges)).metadata).toEqual({
    kind: 'ranges',
    created: '2026-07-29T00:00:00.000Z',
    sources: [
      { provider: 'azure', title: 'Microsoft Azure', date: 'today', ...source },
      { provider: 'github', title: 'GitHub', ...source },
    ],
    geo: { date: '2026-06-17', source: 'somebody' },
  })
})

test('ranges without geo data know what is listed only', () => {
  const listed = makeRanges({ '5.9.0.0/16': 'aws/eu-west-3' })
  expect(decodeRanges(encodeRanges(listed)).metadata.geo).toBeUndefined()
  expect(listed.table.lookup(parseAddress('5.10.0.1')!)).toBeUndefined()
})

const { metadata } = ranges
const tableOf = (value: unknown) => buildPrefixTable([{ prefix: parsePrefix('5.9.0.0/16'), value }])
test.each<[string, unknown, unknown, string]>([
  ['of other values', tableOf(7), metadata, 'it has a value that cannot be used: 7'],
  ['of places known in other ways', tableOf('hearsay aws'), metadata, 'it has a value that cannot be used'],
  ['of places without a name', tableOf('range '), metadata, 'it has a value that cannot be used'],
  ['of something else', tableOf('range aws'), { kind: 'else' }, 'cannot be used, at kind'],
  ['that says nothing of itself', tableOf('range aws'), null, 'cannot be used, at the top'],
  ['with a broken source', tableOf('range aws'), { ...metadata, sources: [{}] }, 'at sources.0.provider'],
])('a snapshot %s is refused', (_, table, said, message) => {
  expect(() => decodeRanges(encodeSnapshot(table as ReturnType<typeof tableOf>, said))).toThrow(
    expect.objectContaining({ code: 'SNAPSHOT_INVALID', message: expect.stringContaining(message) }),
  )
})
