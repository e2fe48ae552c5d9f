import type { Provider } from '../provider.ts'
import { parseGeofeed } from './geofeed.ts'

/** Linode, now Akamai's cloud: a geofeed. */
export const linode: Provider = {
  id: 'linode',
  title: 'Linode',
  page: 'https://geoip.linode.com/',
  url: 'https://geoip.linode.com/',
  fileName: 'linode.csv',
  maxBytes: 5_000_000,
  minPrefixes: 500,
  parse: (bytes) => parseGeofeed(linode, bytes),
}
