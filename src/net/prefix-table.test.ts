import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { addresses, BITS, edgesOf, longestMatch, prefixes, toBits } from '../../test/support/prefixes.ts'
import { type Address, formatAddress, parseAddress } from './address.ts'
import { formatPrefix, parsePrefix, prefixContains } from './prefix.ts'
import { buildPrefixTable, type PrefixEntry } from './prefix-table-builder.ts'

function tableOf(rows: Readonly<Record<string, string>>) {
  return buildPrefixTable(Object.entries(rows).map(([text, value]) => ({ prefix: parsePrefix(text), value })))
}

describe('the table', () => {
  it('gives the value of the longest prefix that holds an address, and tells which', () => {
    const entries = fc.uniqueArray(fc.record({ prefix: prefixes(), value: fc.constantFrom('a', 'b', 'c') }), {
      maxLength: 40,
      selector: ({ prefix }) => formatPrefix(prefix),
    })
    fc.assert(
      fc.property(entries, fc.array(addresses(), { maxLength: 20 }), (entries, others) => {
        const table = buildPrefixTable(entries)
        for (const address of [...entries.flatMap(({ prefix }) => edgesOf(prefix)), ...others]) {
          const expected = longestMatch(entries, address)
          expect(table.lookup(address)).toBe(expected?.value)
          expect(table.match(address)).toEqual(expected)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('holds every address of a family under /0, and of that family only', () => {
    const table = tableOf({ '0.0.0.0/0': 'four' })
    expect(table.lookup(parseAddress('0.0.0.0')!)).toBe('four')
    expect(table.lookup(parseAddress('255.255.255.255')!)).toBe('four')
    expect(table.lookup(parseAddress('::')!)).toBeUndefined()
  })

  it('takes the inner prefix wherever it lies in the outer one', () => {
    const table = tableOf({
      '10.0.0.0/8': 'outer',
      '10.0.0.0/24': 'first',
      '10.9.0.0/16': 'middle',
      '10.9.9.9': 'inmost',
      '10.255.255.0/24': 'last',
    })
    const found = (text: string) => table.lookup(parseAddress(text)!)
    expect(['9.255.255.255', '10.0.0.0', '10.0.0.255', '10.0.1.0'].map(found)).toEqual([
      undefined,
      'first',
      'first',
      'outer',
    ])
    expect(['10.8.255.255', '10.9.0.0', '10.9.9.9', '10.9.9.10'].map(found)).toEqual([
      'outer',
      'middle',
      'inmost',
      'middle',
    ])
    expect(['10.255.254.255', '10.255.255.255', '11.0.0.0'].map(found)).toEqual(['outer', 'last', undefined])
  })

  it('tells neighbours with the same value apart', () => {
    const table = tableOf({ '10.0.0.0/24': 'same', '10.0.1.0/24': 'same', '10.0.2.0/23': 'same' })
    const matches = ['10.0.0.255', '10.0.1.0', '10.0.3.0'].map((text) => table.match(parseAddress(text)!))
    expect(matches.map((match) => formatPrefix(match!.prefix))).toEqual([
      '10.0.0.0/24',
      '10.0.1.0/24',
      '10.0.2.0/23',
    ])
  })

  it('finds an IPv4-mapped address among the IPv4 prefixes', () => {
    const table = tableOf({ '35.0.0.0/8': 'four', '::/0': 'six' })
    expect(table.lookup(parseAddress('::ffff:35.3.1.1')!)).toBe('four')
    expect(table.lookup(parseAddress('::ffff:2303:101')!)).toBe('four')
  })

  it('tells prefixes longer than /64 apart', () => {
    const table = tableOf({
      '2001:db8::/64': 'net',
      '2001:db8::8000:0:0:0/65': 'half',
      '2001:db8::8000:0:0:1': 'host',
    })
    const found = ['2001:db8::1', '2001:db8::8000:0:0:0', '2001:db8::8000:0:0:1', '2001:db8::ffff:0:0:0'].map(
      (text) => table.lookup(parseAddress(text)!),
    )
    expect(found).toEqual(['net', 'half', 'host', 'half'])
  })

  it('knows nothing when it is empty', () => {
    expect(tableOf({}).match(parseAddress('::1')!)).toBeUndefined()
    expect(tableOf({}).lookup(parseAddress('127.0.0.1')!)).toBeUndefined()
  })

  it('takes the same prefix twice with the same value', () => {
    const entry = { prefix: parsePrefix('10.0.0.0/8'), value: { place: 'here' } }
    const table = buildPrefixTable([entry, { ...entry, value: { place: 'here' } }])
    expect(table.lookup(parseAddress('10.1.1.1')!)).toEqual({ place: 'here' })
  })

  it('refuses a prefix with two values, and names all three', () => {
    const rows = ['here', 'there'].map((place) => ({
      prefix: parsePrefix('2001:db8::/32'),
      value: { place },
    }))
    expect(() => buildPrefixTable(rows, ({ place }) => place)).toThrow(
      expect.objectContaining({
        code: 'PREFIX_CONFLICT',
        message: '2001:db8::/32 is listed with two values: here and there',
        facts: { prefix: '2001:db8::/32', values: ['here', 'there'] },
      }),
    )
  })
})

// The lists that the clouds publish are too large and too fickle to keep here; saved ones are read from a folder.
const folder = process.env.PORTOLAN_RANGES_DIR ?? ''
if (folder === '') {
  test.skip('set PORTOLAN_RANGES_DIR to a folder with aws.json, gcp.json and azure.json to look all of them up', () => {})
}

describe.runIf(folder !== '')('the published ranges of AWS, GCP and Azure', () => {
  it('give each prefix its first and last address, and the neighbours to whoever has them', () => {
    const entries = readPublishedRanges()
    expect(entries.length).toBeGreaterThan(20_000)
    const table = buildPrefixTable(entries)
    // Longest-prefix match by definition again: the first listed among the address's own prefixes, the longest first.
    const listed = new Map(entries.map((entry) => [keyOf(entry.prefix.address, entry.prefix.length), entry]))
    const longest = (address: Address) => {
      for (let length = Number(BITS[address.family]); length >= 0; length--) {
        const entry = listed.get(keyOf(address, length))
        if (entry !== undefined) return entry
      }
      return undefined
    }
    let nested = 0
    for (const { prefix } of entries) {
      for (const address of edgesOf(prefix)) {
        const expected = longest(address)
        const match = table.match(address)
        if (match?.value !== expected?.value || match?.prefix.length !== expected?.prefix.length) {
          expect.fail(
            `${formatAddress(address)} is in ${JSON.stringify(match)}, not in ${JSON.stringify(expected)}`,
          )
        }
        if (prefixContains(prefix, address) && expected?.prefix.length !== prefix.length) nested++
      }
    }
    expect(nested).toBeGreaterThan(0)
  })
})

function keyOf(address: Address, length: number): string {
  return `${address.family}/${length}/${toBits(address) >> (BITS[address.family] - BigInt(length))}`
}

/** Of the many lines that AWS has for one prefix, the one with a region counts. */
function readPublishedRanges(): PrefixEntry<string>[] {
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'))
  const places = new Map<string, string>()
  const aws = read('aws.json')
  for (const row of [...aws.prefixes, ...aws.ipv6_prefixes]) {
    const prefix = row.ip_prefix ?? row.ipv6_prefix
    if (row.network_border_group !== 'GLOBAL' || !places.has(prefix))
      places.set(prefix, `aws/${row.network_border_group}`)
  }
  for (const row of read('gcp.json').prefixes)
    places.set(row.ipv4Prefix ?? row.ipv6Prefix, `gcp/${row.scope}`)
  for (const { name, properties } of read('azure.json').values) {
    if (!name.startsWith('AzureCloud.')) continue
    for (const prefix of properties.addressPrefixes) places.set(prefix, `azure/${properties.region}`)
  }
  return [...places].map(([text, value]) => ({ prefix: parsePrefix(text), value }))
}
