import { expect, it } from 'vitest'
import type { RequestOrigin } from './bindings.ts'
import { placeOfClient } from './client-place.ts'

const PARIS = { latitude: '48.85660', longitude: '2.35220' }
const coordinates = { lat: 48.8566, lon: 2.3522 }

it.each<[RequestOrigin | undefined, object | undefined]>([
  [undefined, undefined],
  [{}, undefined],
  [
    { asn: 3215, country: 'FR', ...PARIS },
    { place: { name: 'country/FR', country: 'FR', coordinates }, source: 'country' },
  ],
  [
    { asn: 16509, country: 'FR', ...PARIS },
    { place: { name: 'aws/fr', cloud: 'aws', region: 'fr', country: 'FR', coordinates }, source: 'asn' },
  ],
  [{ asn: 24940 }, { place: { name: 'hetzner', cloud: 'hetzner' }, source: 'asn' }],
  // Tor, and what Cloudflare does not know.
  [{ country: 'T1', asn: 3215 }, undefined],
  [{ country: 'XX' }, undefined],
  [
    { country: 'ZZ', latitude: '91', longitude: '0' },
    { place: { name: 'country/ZZ', country: 'ZZ' }, source: 'country' },
  ],
  [
    { country: 'ZZ', latitude: 'x', longitude: '0' },
    { place: { name: 'country/ZZ', country: 'ZZ' }, source: 'country' },
  ],
])('of a client %j', (origin, expected) => {
  expect(placeOfClient(origin)).toEqual(expected)
})

it('takes the middle of a country where no city is known', () => {
  const { coordinates } = placeOfClient({ country: 'FR' })!.place
  expect(Math.round(coordinates!.lat)).toBeGreaterThan(40)
})
