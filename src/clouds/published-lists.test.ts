import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAddress } from '../net/address.ts'
import { buildPrefixTable } from '../net/prefix-table-builder.ts'
import { composeLayers } from './compose.ts'
import { describeLocated, toLayer } from './layers.ts'
import { placeOf } from './places.ts'
import { providers } from './providers.ts'

// The lists as the providers publish them are too large and too fickle to keep here. Saved under their `fileName` in a
// folder that PORTOLAN_RANGES_DIR names, they check the code, and data/border-groups.json, against the world of today.
const folder = process.env.PORTOLAN_RANGES_DIR ?? ''
const saved = providers.filter(({ fileName }) => folder !== '' && existsSync(join(folder, fileName)))
const read = (fileName: string) => readFileSync(join(folder, fileName))

if (saved.length === 0) {
  test.skip('set PORTOLAN_RANGES_DIR to a folder with saved lists (aws.json, gcp.json, …) to run these', () => {})
}

describe.each(saved)('the list of $title', ({ id, fileName, maxBytes, minPrefixes, parse }) => {
  test('is read, far from either limit', () => {
    const bytes = read(fileName)
    expect(bytes.length * 5).toBeLessThan(maxBytes)
    expect(parse(bytes).entries.length).toBeGreaterThan(minPrefixes * 1.5)
  })

  test('names no place without coordinates but the cloud itself', () => {
    const names = new Set(parse(read(fileName)).entries.map(({ place }) => place))
    expect([...names].filter((name) => name !== id && placeOf(name).coordinates === undefined)).toEqual([])
  })

  test('names no border group of which only the region is known', () => {
    const names = new Set(parse(read(fileName)).entries.map(({ place }) => place))
    const guessed = [...names].map(placeOf).filter(({ cloud, parent, coordinates }) => {
      return parent !== undefined && placeOf(`${cloud}/${parent}`).coordinates === coordinates
    })
    expect(guessed.map(({ name }) => name)).toEqual([])
  })
})

test.runIf(saved.some(({ id }) => id === 'aws'))('one table of them all knows where an address is', () => {
  const layers = saved.map(({ fileName, parse }) => toLayer(parse(read(fileName)).entries, 'range'))
  const table = buildPrefixTable(composeLayers(layers), describeLocated)
  const found = table.lookup(parseAddress('::ffff:64.252.97.3')!)
  expect(found).toMatchObject({ place: { name: 'aws/me-central-1', country: 'AE' }, source: 'range' })
})
