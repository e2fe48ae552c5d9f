import data from '../../data/border-groups.json' with { type: 'json' }
import type { Place } from './place.ts'

/** AWS's border groups and local zones that are not a region themselves, by name (`aws/us-west-2-lax-1`). */
export const borderGroups: ReadonlyMap<string, Place> = new Map(
  data.groups.map(({ cloud, group, region, country, lat, lon }) => [
    `${cloud}/${group}`,
    { name: `${cloud}/${group}`, cloud, region: group, parent: region, country, coordinates: { lat, lon } },
  ]),
)
