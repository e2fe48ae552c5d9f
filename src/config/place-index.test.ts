import { expect, it } from 'vitest'
import { placeOf } from '../clouds/places.ts'
import { conditionsHold } from './condition.ts'
import { PlaceIndex } from './place-index.ts'

const PLACES = [
  'aws/eu-west-3',
  'aws/us-west-2-lax-1',
  'gcp/us-central1',
  'linode/de',
  'my/berlin',
  'country/FR',
]
const places = PLACES.map(placeOf)

it.each([
  [{}],
  [{ cloud: ['aws'] }],
  [{ cloud: ['aws', 'my'] }],
  [{ region: ['us-west-2'] }],
  [{ region: ['berlin', 'eu-west-3'] }],
  [{ cloud: ['my'], region: ['eu-west-3'] }],
  [{ country: ['FR', 'DE'] }],
  [{ country: ['FR'], cloud: ['aws'] }],
  [{ country: ['FR'], region: ['berlin'] }],
])('finds those for which %o holds', (when) => {
  const expected = places.filter((place) => conditionsHold(when, place))
  expect(new Set(new PlaceIndex(places).matching(when))).toEqual(new Set(expected))
})
