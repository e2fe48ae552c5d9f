import type { Provider, ProviderRanges } from '../provider.ts'
import { type ListRow, readText, refusal, toRanges } from '../provider-list.ts'

/** The two fields that count, each perhaps in quotes: prefix or address, and country or nothing. */
const LINE = /^"?([0-9a-fA-F.:/]+)"?,"?([A-Za-z]{2})?"?(?:,.*)?$/

/**
 * Reads a geofeed, `PREFIX,COUNTRY,REGION,CITY,POSTAL` in lines with `#` comments (RFC 8805, section 2.1).
 *
 * A place is the cloud and the country, such as `linode/de`; where the feed leaves the country out ("do not
 * geolocate"), the cloud alone.
 */
export function parseGeofeed(provider: Provider, bytes: Uint8Array): ProviderRanges {
  return toRanges(provider, rowsOf(provider, readText(provider, bytes)))
}

function* rowsOf(provider: Provider, text: string): Iterable<ListRow> {
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const path = `line ${index + 1}`
    const match = LINE.exec(line)
    if (match === null) throw refusal(provider, path, line, 'not PREFIX,COUNTRY,REGION,CITY,POSTAL')
    const [, prefix, country] = match
    const place = country === undefined ? provider.id : `${provider.id}/${country.toLowerCase()}`
    yield { text: prefix!, place, path }
  }
}
