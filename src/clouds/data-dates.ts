import borderGroups from '../../data/border-groups.json' with { type: 'json' }
import countries from '../../data/countries.json' with { type: 'json' }
import regions from '../../data/regions.json' with { type: 'json' }

/** When the data about places that comes with Portolan was made, by what it is about: dates such as `2026-07-29`. */
export const dataDates = {
  regions: regions.date,
  'border groups': borderGroups.date,
  countries: countries.date,
} as const
