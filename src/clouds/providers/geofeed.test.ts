import { expect, test } from 'vitest'
import { enoughPrefixes, toBytes } from '../../../test/support/provider-lists.ts'
import { formatPrefix } from '../../net/prefix.ts'
import { linode } from './linode.ts'
import { vultr } from './vultr.ts'

const whole = (provider: typeof vultr) =>
  enoughPrefixes(provider).map((prefix) => `${prefix},US,US-CA,Fremont,94536`)

function placesOf(provider: typeof vultr, lines: readonly string[], newline = '\n'): Map<string, string> {
  const { entries } = provider.parse(toBytes([...whole(provider), ...lines].join(newline)))
  return new Map(entries.map(({ prefix, place }) => [formatPrefix(prefix), place]))
}

test.each([
  ['23.92.16.0/20,US,US-TX,Richardson,', 'linode/us'],
  ['23.92.16.0/20,us', 'linode/us'],
  ['23.92.16.0/20,DE,,,', 'linode/de'],
  ['"23.92.16.0/20","DE","DE-HE","Frankfurt am Main, Hesse",""', 'linode/de'],
  ['23.92.16.0/20,,,,', 'linode'],
  ['  23.92.16.0/20,JP,JP-13,東京,\r', 'linode/jp'],
])('a line of a geofeed gives cloud and country: %s', (line, place) => {
  expect(placesOf(linode, [line]).get('23.92.16.0/20')).toBe(place)
})

test('an address alone is a prefix, as RFC 8805 allows', () => {
  const places = placesOf(linode, ['23.92.16.1,US,,,', '2a01:7e00::1,GB,,,'])
  expect(places.get('23.92.16.1/32')).toBe('linode/us')
  expect(places.get('2a01:7e00::1/128')).toBe('linode/gb')
})

test('comments, empty lines and either line ending are fine', () => {
  const lines = [
    '# Linode, LLC RFC8805 geofeed',
    '',
    '   ',
    '#23.92.16.0/20,US',
    '172.104.0.0/15,SG,SG-04,Singapore,',
  ]
  expect(placesOf(linode, lines, '\r\n').get('172.104.0.0/15')).toBe('linode/sg')
  expect(placesOf(linode, lines).has('23.92.16.0/20')).toBe(false)
})

test.each(['23.92.16.0/20', '23.92.16.0/20;US', '23.92.16.0/20,USA,,,', 'prefix,country,region,city,postal'])(
  'a line that is none is named by its number: %s',
  (line) => {
    expect(() => placesOf(linode, [line])).toThrow(
      `at line ${linode.minPrefixes + 1}, ${JSON.stringify(line)}: `,
    )
  },
)

test('Vultr’s feed keeps its own prefixes when it also claims those of 6to4 and of documentation', () => {
  const nobodys = ['2002::/16', '2001:db8::/32', '2001:10::/28', '192.0.2.0/24']
  const places = placesOf(
    vultr,
    nobodys.map((prefix) => `${prefix},US,US-NJ,Piscataway,08854`),
  )
  expect(places.size).toBe(vultr.minPrefixes)
  for (const prefix of nobodys) expect(places.has(prefix)).toBe(false)
})
