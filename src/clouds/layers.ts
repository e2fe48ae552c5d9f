import type { PrefixEntry } from '../net/prefix-table-builder.ts'
import { type GeoData, geoPrefixes } from './geo.ts'
import type { Located } from './located.ts'
import type { PlaceSource } from './place.ts'
import { placeOf } from './places.ts'
import type { PlacedPrefix } from './provider.ts'

/** One source's answers, such as a provider's list; of two layers, the surer one overrules the other. */
export type RangeLayer = readonly PrefixEntry<Located>[]

/** The layer of prefixes whose places were all found out in the same way. */
export function toLayer(prefixes: readonly PlacedPrefix[], source: PlaceSource): RangeLayer {
  const located = new Map<string, Located>()
  for (const { place } of prefixes) {
    if (!located.has(place)) located.set(place, { place: placeOf(place), source })
  }
  return prefixes.map(({ prefix, place }) => ({ prefix, value: located.get(place)! }))
}

/** The two layers of geo data: what is known by the cloud that announces an address, and what by the country alone. */
export function geoLayers(data: GeoData): [asn: RangeLayer, country: RangeLayer] {
  const { asn = [], country = [] } = Object.groupBy(geoPrefixes(data), ({ place }) =>
    place.startsWith('country/') ? 'country' : 'asn',
  )
  return [toLayer(asn, 'asn'), toLayer(country, 'country')]
}

/** Tells the values of a table apart, as `buildPrefixTable` asks; far cheaper than to write out every place. */
export function describeLocated({ place, source }: Located): string {
  return `${source} ${place.name}`
}
