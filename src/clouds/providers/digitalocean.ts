import type { Provider } from '../provider.ts'
import { parseGeofeed } from './geofeed.ts'

/** DigitalOcean: a geofeed. */
export const digitalocean: Provider = {
  id: 'digitalocean',
  title: 'DigitalOcean',
  page: 'https://docs.digitalocean.com/platform/',
  url: 'https://www.digitalocean.com/geo/google.csv',
  fileName: 'digitalocean.csv',
  maxBytes: 1_000_000,
  minPrefixes: 300,
  parse: (bytes) => parseGeofeed(digitalocean, bytes),
}
