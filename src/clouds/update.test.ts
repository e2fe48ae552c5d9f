import { expect, test } from 'vitest'
import { enoughPrefixes, toBytes } from '../../test/support/provider-lists.ts'
import { bytesOf, listOf, otherPrefixes } from '../../test/support/test-ranges.ts'
import { parseAddress } from '../net/address.ts'
import { cloudflare } from './providers/cloudflare.ts'
import { fastly } from './providers/fastly.ts'
import { gcp } from './providers/gcp.ts'
import { encodeRanges } from './snapshot.ts'
import { updateRanges } from './update.ts'

const created = '2026-07-29T00:00:00.000Z'
const providers = [gcp, cloudflare, fastly]
const received = (provider: string, bytes: Uint8Array) => ({
  provider,
  bytes,
  from: 'a test',
  fetched: created,
})
const before = updateRanges({
  providers,
  lists: [
    received('gcp', bytesOf('gcp', ...otherPrefixes(400))),
    received('cloudflare', bytesOf('cloudflare', '8.8.0.0/16')),
  ],
  created,
}).ranges!

const whole = bytesOf('gcp', ...otherPrefixes(400))
const text = new TextDecoder().decode(whole)
const list = JSON.parse(text)
const faulty: [string, Uint8Array, string][] = [
  ['truncated', whole.subarray(0, whole.length - 9), 'not JSON'],
  ['empty', new Uint8Array(), 'not JSON'],
  ['a flood of brackets', toBytes('['.repeat(1_000_000)), 'it nests deeper than 64'],
  ['a web page', toBytes('<!DOCTYPE html><title>Sign in</title>'), 'a web page instead of a list'],
  ['ten times too large', new Uint8Array(gcp.maxBytes * 10), `larger than the ${gcp.maxBytes} bytes allowed`],
  ['half of what it was', bytesOf('gcp'), '"500 prefixes": fewer than 70 % of the 900 that it replaces'],
  [
    'less than any whole list',
    toBytes(JSON.stringify({ ...list, prefixes: list.prefixes.slice(0, 400) })),
    'fewer than the 500',
  ],
  [
    'of regions with odd names',
    toBytes(text.replaceAll('europe-west9', 'europe west9')),
    'not the name of a region',
  ],
]

test.each(faulty)(
  'a list that is %s is refused, and the provider keeps the earlier one',
  (_, bytes, reason) => {
    const fastlyList = received('fastly', bytesOf('fastly', '7.7.0.0/16'))
    const { ranges, refused } = updateRanges({
      providers,
      lists: [received('gcp', bytes), fastlyList],
      previous: before,
      created,
    })
    expect(refused).toEqual([{ provider: 'gcp', reason: expect.stringContaining(reason) }])
    expect(refused[0]!.reason).toContain('Google Cloud (gcp.json)')
    const places = ['9.0.0.1', '8.8.0.1', '7.7.0.1'].map((address) =>
      ranges!.table.lookup(parseAddress(address)!),
    )
    expect(places.map((found) => found?.place.name)).toEqual(['gcp/europe-west9', 'cloudflare', 'fastly'])
    expect(ranges!.metadata.sources.map(({ provider, prefixes }) => [provider, prefixes])).toEqual([
      ['gcp', 900],
      ['cloudflare', 11],
      ['fastly', 11],
    ])
  },
)

test('when no list is right there are no new ranges', () => {
  const update = updateRanges({
    providers,
    lists: [received('gcp', toBytes('{}'))],
    previous: before,
    created,
  })
  expect(update).toEqual({ refused: [{ provider: 'gcp', reason: expect.any(String) }] })
})

test('a list that has lost many prefixes is taken when that is forced', () => {
  const lists = [received('gcp', bytesOf('gcp'))]
  const { ranges, refused } = updateRanges({ providers, lists, previous: before, created, force: true })
  expect(refused).toEqual([])
  expect(ranges!.table.lookup(parseAddress('9.0.0.1')!)).toBeUndefined()
})

test('a list that has lost less than a third is taken', () => {
  const lists = [received('gcp', bytesOf('gcp', ...otherPrefixes(130)))]
  expect(updateRanges({ providers, lists, previous: before, created }).refused).toEqual([])
})

test('what is kept of an earlier snapshot is all that counts of it', () => {
  const lists = [received('cloudflare', bytesOf('cloudflare', '8.8.0.0/16'))]
  const { ranges } = updateRanges({ providers, lists, previous: before, created })
  expect(encodeRanges(ranges!)).toEqual(encodeRanges(before))
})

test('a provider that is no longer wanted is gone, and its list is not read', () => {
  const lists = [
    received('cloudflare', toBytes('{}')),
    received('gcp', toBytes(listOf('gcp', ...otherPrefixes(400)))),
  ]
  const { ranges, refused } = updateRanges({ providers: [gcp], lists, previous: before, created })
  expect(refused).toEqual([])
  expect(ranges!.metadata.sources.map(({ provider }) => provider)).toEqual(['gcp'])
  expect(ranges!.table.lookup(parseAddress('8.8.0.1')!)).toBeUndefined()
})

test('of two providers with one address, the one that is named first is right', () => {
  const lists = [received('fastly', bytesOf('fastly')), received('gcp', bytesOf('gcp'))]
  const shared = enoughPrefixes(fastly).at(-1)!.replace('0/24', '9')
  const placeBy = (order: typeof providers) =>
    updateRanges({ providers: order, lists, created }).ranges!.table.lookup(parseAddress(shared)!)!.place
      .cloud
  expect([placeBy([gcp, fastly]), placeBy([fastly, gcp])]).toEqual(['gcp', 'fastly'])
})
