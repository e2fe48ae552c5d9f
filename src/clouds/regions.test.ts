import { expect, test } from 'vitest'
import { knownPlaces } from './regions.ts'

test('a region has its country and its coordinates', () => {
  expect(knownPlaces.get('aws/eu-west-3')).toEqual({
    name: 'aws/eu-west-3',
    cloud: 'aws',
    region: 'eu-west-3',
    country: 'FR',
    coordinates: { lat: expect.closeTo(48.86, 0), lon: expect.closeTo(2.35, 0) },
  })
})

test('a region that is nowhere has neither', () => {
  expect(knownPlaces.get('gcp/global')).toEqual({ name: 'gcp/global', cloud: 'gcp', region: 'global' })
})

test('coordinates are on the globe, and every name is that of its cloud and region', () => {
  for (const [name, { cloud, region, country, coordinates }] of knownPlaces) {
    expect(name).toBe(`${cloud}/${region}`)
    if (coordinates === undefined) continue
    expect(country).toMatch(/^[A-Z]{2}$/)
    expect(Math.abs(coordinates.lat)).toBeLessThanOrEqual(90)
    expect(Math.abs(coordinates.lon)).toBeLessThanOrEqual(180)
  }
})
