import { expect, test } from 'vitest'
import countryList from '../../data/countries.json' with { type: 'json' }
import { placeOf } from './places.ts'

const near = (lat: number, lon: number) => ({ lat: expect.closeTo(lat, -1), lon: expect.closeTo(lon, -1) })

test.each([
  ['anycast', {}],
  ['aws', { cloud: 'aws' }],
  ['aws/eu-west-3', { cloud: 'aws', region: 'eu-west-3', country: 'FR', coordinates: near(49, 2) }],
  ['oracle/eu-zurich-1', { cloud: 'oracle', region: 'eu-zurich-1', country: 'CH', coordinates: near(47, 9) }],
  ['country/AU', { country: 'AU', coordinates: near(-34, 147) }],
  ['country/ZZ', { country: 'ZZ' }],
  ['hetzner/de', { cloud: 'hetzner', region: 'de', country: 'DE', coordinates: near(51, 10) }],
  ['hetzner/fsn1', { cloud: 'hetzner', region: 'fsn1' }],
  ['azure/moonbase', { cloud: 'azure', region: 'moonbase' }],
])('%s', (name, place) => {
  expect(placeOf(name)).toEqual({ name, ...place })
})

test('a border group is where it is, and belongs to its region', () => {
  expect(placeOf('aws/us-west-2-lax-1')).toEqual({
    name: 'aws/us-west-2-lax-1',
    cloud: 'aws',
    region: 'us-west-2-lax-1',
    parent: 'us-west-2',
    country: 'US',
    coordinates: near(34, -118),
  })
  expect(placeOf('aws/us-east-1-bue-1')).toMatchObject({
    parent: 'us-east-1',
    country: 'AR',
    coordinates: near(-35, -58),
  })
})

test.each([
  ['aws/eu-west-3-lys-1', 'eu-west-3'],
  ['aws/ap-northeast-1-wl9-sdj-wlz-1', 'ap-northeast-1'],
])('a border group that nobody knows yet is where its region is: %s', (name, parent) => {
  const region = placeOf(`aws/${parent}`)
  expect(placeOf(name)).toEqual({ ...region, name, region: name.slice(4), parent })
})

test('a name that merely begins like a region is not one of its groups', () => {
  expect(placeOf('aws/eu-west-33')).toEqual({ name: 'aws/eu-west-33', cloud: 'aws', region: 'eu-west-33' })
})

test('every country has a code, a name, and coordinates on the globe', () => {
  const { countries } = countryList
  expect(new Set(countries.map(({ country }) => country)).size).toBe(countries.length)
  expect(countries.length).toBeGreaterThanOrEqual(249)
  for (const { country, name, lat, lon } of countries) {
    expect(country).toMatch(/^[A-Z]{2}$/)
    expect(name).not.toBe('')
    expect(Math.abs(lat)).toBeLessThanOrEqual(90)
    expect(Math.abs(lon)).toBeLessThanOrEqual(180)
  }
})

test('a place that a runtime names with each request is one object', () => {
  for (const name of ['country/FR', 'aws/eu-west-3', 'aws/us-west-2-lax-1'])
    expect(placeOf(name)).toBe(placeOf(name))
})
