import type { Place } from '../../src/clouds/place.ts'

/** A few real places, by name, for tests that rank backends. */
export const PARIS: Place = {
  name: 'aws/eu-west-3',
  cloud: 'aws',
  region: 'eu-west-3',
  country: 'FR',
  coordinates: { lat: 48.86, lon: 2.35 },
}
export const VIRGINIA: Place = {
  name: 'aws/us-east-1',
  cloud: 'aws',
  region: 'us-east-1',
  country: 'US',
  coordinates: { lat: 38.94, lon: -77.45 },
}
export const IOWA: Place = {
  name: 'gcp/us-central1',
  cloud: 'gcp',
  region: 'us-central1',
  country: 'US',
  coordinates: { lat: 41.26, lon: -95.86 },
}
export const BELGIUM: Place = {
  name: 'gcp/europe-west1',
  cloud: 'gcp',
  region: 'europe-west1',
  country: 'BE',
  coordinates: { lat: 50.47, lon: 3.87 },
}
export const AMSTERDAM: Place = {
  name: 'azure/westeurope',
  cloud: 'azure',
  region: 'westeurope',
  country: 'NL',
  coordinates: { lat: 52.37, lon: 4.9 },
}
export const ANYCAST: Place = { name: 'anycast' }
/** An operator's own data centre, whose coordinates nobody told us. */
export const CELLAR: Place = { name: 'onprem/cellar', cloud: 'onprem', region: 'cellar' }
