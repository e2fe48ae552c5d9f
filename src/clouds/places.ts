import countryList from '../../data/countries.json' with { type: 'json' }
import { borderGroups } from './border-groups.ts'
import type { Coordinates, Place } from './place.ts'
import { knownPlaces } from './regions.ts'

const countries: ReadonlyMap<string, Coordinates> = new Map(
  countryList.countries.map(({ country, lat, lon }) => [country, { lat, lon }]),
)

/** Countries by the names of their places, as a runtime gives them with each request: one object for all. */
const countryPlaces: ReadonlyMap<string, Place> = new Map(
  countries
    .keys()
    .map((country) => `country/${country}`)
    .map((name) => [name, { name, ...inCountry(name.slice('country/'.length)) }]),
)

/**
 * The place of a name, as completely as is known: `aws/eu-west-3`, `aws/us-west-2-lax-1`, `linode/de` (a cloud and a
 * country), `aws`, `country/FR` or `anycast`.
 *
 * A border group that is new since data/border-groups.json was made is taken to be where its region is.
 */
export function placeOf(name: string): Place {
  const known = knownPlaces.get(name) ?? borderGroups.get(name) ?? countryPlaces.get(name)
  if (known !== undefined) return known
  const slash = name.indexOf('/')
  if (slash < 0) return name === 'anycast' ? { name } : { name, cloud: name }
  const cloud = name.slice(0, slash)
  const region = name.slice(slash + 1)
  if (cloud === 'country') return { name, ...inCountry(region) }
  if (countries.has(region.toUpperCase())) return { name, cloud, region, ...inCountry(region.toUpperCase()) }
  const parent = parentOf(name)
  if (parent?.region === undefined) return { name, cloud, region }
  return { ...parent, name, region, parent: parent.region }
}

function inCountry(country: string): Pick<Place, 'country' | 'coordinates'> {
  const coordinates = countries.get(country)
  return { country, ...(coordinates && { coordinates }) }
}

/** The region whose name, cut at a hyphen, `name` begins with; the longest there is. */
function parentOf(name: string): Place | undefined {
  for (let end = name.lastIndexOf('-'); end > 0; end = name.lastIndexOf('-', end - 1)) {
    const place = knownPlaces.get(name.slice(0, end))
    if (place !== undefined) return place
  }
  return undefined
}
