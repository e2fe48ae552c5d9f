import data from '../../data/regions.json' with { type: 'json' }
import type { Place } from './place.ts'

/** The regions of the public clouds, by name (`aws/eu-west-3`); one that is nowhere (`gcp/global`) has no coordinates. */
export const knownPlaces: ReadonlyMap<string, Place> = new Map(
  data.regions.map(({ cloud, region, country, lat, lon }) => {
    const name = `${cloud}/${region}`
    const place: Place = {
      name,
      cloud,
      region,
      ...(country !== null && { country }),
      ...(lat !== null && lon !== null && { coordinates: { lat, lon } }),
    }
    return [name, place]
  }),
)
