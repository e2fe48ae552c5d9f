import fc from 'fast-check'
import { expect, test } from 'vitest'
import { edgesOf, prefixes } from '../../test/support/prefixes.ts'
import { FULL } from '../../test/support/sample.ts'
import { formatPrefix, parsePrefix } from './prefix.ts'
import { buildPrefixTable } from './prefix-table-builder.ts'
import { entriesOf } from './prefix-table-entries.ts'

function entriesIn(rows: Readonly<Record<string, string>>, accepts: (value: string) => boolean = () => true) {
  const entries = Object.entries(rows).map(([text, value]) => ({ prefix: parsePrefix(text), value }))
  return Object.fromEntries(
    entriesOf(buildPrefixTable(entries), accepts).map(({ prefix, value }) => [formatPrefix(prefix), value]),
  )
}

test.each<[string, Record<string, string>]>([
  ['nothing', {}],
  ['everything', { '0.0.0.0/0': 'four', '::/0': 'six' }],
  ['neighbours with one value', { '10.0.0.0/24': 'a', '10.0.1.0/24': 'a', '10.0.2.0/23': 'a' }],
  ['a whole digit of them', { '10.0.0.0/9': 'a', '10.128.0.0/9': 'a', '255.255.255.255/32': 'b' }],
  ['an outer prefix with holes', { '10.0.0.0/8': 'a', '10.9.0.0/16': 'b', '10.9.9.9/32': 'a' }],
  ['long prefixes', { '2001:db8::/64': 'a', '2001:db8:0:0:8000::/65': 'b', '2001:db8::1/128': 'c' }],
])('a table of %s gives it back', (_, rows) => {
  expect(entriesIn(rows)).toEqual(rows)
})

test('a prefix that is covered by longer ones is not given back', () => {
  const rows = { '10.0.0.0/9': 'a', '10.128.0.0/9': 'b' }
  expect(entriesIn({ '10.0.0.0/8': 'c', ...rows })).toEqual(rows)
})

test('what is not accepted is left out', () => {
  expect(entriesIn({ '10.0.0.0/8': 'a', '10.9.0.0/16': 'b' }, (value) => value === 'b')).toEqual({
    '10.9.0.0/16': 'b',
  })
})

test('a table built from what a table gives back answers as that one does', () => {
  const someEntries = fc.uniqueArray(fc.record({ prefix: prefixes(), value: fc.constantFrom('a', 'b') }), {
    maxLength: 40,
    selector: ({ prefix }) => formatPrefix(prefix),
  })
  fc.assert(
    fc.property(someEntries, (entries) => {
      const table = buildPrefixTable(entries)
      const back = entriesOf(table, () => true)
      const listed = new Map(entries.map(({ prefix, value }) => [formatPrefix(prefix), value]))
      for (const { prefix, value } of back) expect(listed.get(formatPrefix(prefix))).toBe(value)
      expect(new Set(back.map(({ prefix }) => formatPrefix(prefix))).size).toBe(back.length)
      const again = buildPrefixTable(back)
      for (const address of entries.flatMap(({ prefix }) => edgesOf(prefix))) {
        expect(again.match(address)).toEqual(table.match(address))
      }
    }),
    // Each run builds two tables, and a table is large however little is in it.
    { numRuns: FULL ? 300 : 60 },
  )
})
