import type { Provider } from '../provider.ts'
import { parseGeofeed } from './geofeed.ts'

/** Vultr: a geofeed. In 2026 it also named 2002::/16 (all of 6to4) and documentation prefixes as Vultr's. */
export const vultr: Provider = {
  id: 'vultr',
  title: 'Vultr',
  page: 'https://geofeed.constant.com/',
  url: 'https://geofeed.constant.com/',
  fileName: 'vultr.csv',
  maxBytes: 2_000_000,
  minPrefixes: 300,
  dropsSpecial: true,
  parse: (bytes) => parseGeofeed(vultr, bytes),
}
