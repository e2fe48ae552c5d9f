import { borderGroups } from '../clouds/border-groups.ts'
import { knownPlaces } from '../clouds/regions.ts'
import { type Refusal, refused } from './refusal.ts'
import { nearestWord, suggestion } from './suggestion.ts'

/** The regions of each public cloud. */
export const knownRegions: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(Object.groupBy(knownPlaces.values(), ({ cloud }) => cloud!)).map(([cloud, places]) => [
    cloud,
    places!.map(({ region }) => region!),
  ]),
)

/** Whether this is a region of a public cloud, or one of the border groups and local zones beside its regions. */
export function isKnownPlace(name: string): boolean {
  return knownPlaces.has(name) || borderGroups.has(name)
}

const PLACE = /^([a-z0-9][a-z0-9-]{0,62})\/([A-Za-z0-9][A-Za-z0-9-]{0,62})$/

/** Reads `cloud/region`: one of the known regions of a public cloud, any region of another cloud. */
export function readPlaceName(text: string): string | Refusal {
  const match = PLACE.exec(text)
  // `country/FR` is how a client is named of which nothing but the country is known.
  if (match === null || match[1] === 'country') return refused('must be CLOUD/REGION, such as aws/eu-west-3')
  if (isKnownPlace(text)) return text
  const [, cloud, region] = match as unknown as [string, string, string]
  const regions = knownRegions.get(cloud)
  if (regions !== undefined) {
    return refused(`must be a region of ${cloud}${suggestion(region, regions) || `: ${regions.join(', ')}`}`)
  }
  // A cloud of one's own may have any name, but hardly one letter beside a public cloud that has this very region.
  const meant = `${nearestWord(cloud, knownRegions.keys())}/${region}`
  return knownPlaces.has(meant) ? refused(`must name a cloud (did you mean "${meant}"?)`) : text
}

/** Reads the place of a backend: {@link readPlaceName}, or `anycast` for one that is everywhere. */
export function readBackendPlace(text: string): string | Refusal {
  if (text === 'anycast') return text
  const read = readPlaceName(text)
  return typeof read === 'string' || text.includes('/')
    ? read
    : refused('must be CLOUD/REGION, such as aws/eu-west-3, or anycast')
}
