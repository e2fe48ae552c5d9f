import type { Coordinates, Place } from '../clouds/place.ts'
import { knownPlaces } from '../clouds/regions.ts'

/** Mean radius of the Earth. */
const EARTH_KM = 6371
const RADIANS = Math.PI / 180

/**
 * What an anycast backend counts as being away: its edge is near nearly everyone, but a backend in the client's own
 * region is nearer still.
 */
export const ANYCAST_KM = 300

/** However near the canonical upstream is, a backend that is no farther than this counts as near. */
const NEAR_KM = 1000

/** Great-circle distance in kilometres (haversine). */
export function kilometres(a: Coordinates, b: Coordinates): number {
  const dLat = (b.lat - a.lat) * RADIANS
  const dLon = (b.lon - a.lon) * RADIANS
  const h =
    Math.sin(dLat / 2) ** 2 + Math.cos(a.lat * RADIANS) * Math.cos(b.lat * RADIANS) * Math.sin(dLon / 2) ** 2
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(h)))
}

/** How far a backend is from a client, in kilometres; `undefined` when either is somewhere unknown. */
export function distance(client: Place | undefined, backend: Place): number | undefined {
  if (backend.name === 'anycast') return ANYCAST_KM
  if (client === undefined) return undefined
  if (client.name === backend.name) return 0
  if (client.coordinates === undefined || backend.coordinates === undefined) return undefined
  return kilometres(client.coordinates, backend.coordinates)
}

/**
 * Whether anything can be said to be near a place. A cloud alone, or a region that is nowhere (`aws/GLOBAL`), says who
 * pays and not where; a region of the operator's own is somewhere, though its coordinates are not known.
 */
export function isLocated(place: Place | undefined): boolean {
  if (place === undefined) return false
  return place.coordinates !== undefined || (place.region !== undefined && !knownPlaces.has(place.name))
}

/**
 * Kilometres beyond which a backend does not count as near when no rule says so: as far as the canonical upstream, which
 * has everything. `undefined`, and then all are near, where that is everywhere or its distance is not known.
 */
export function defaultLimit(client: Place | undefined, canonical: Place | undefined): number | undefined {
  if (canonical === undefined || canonical.name === 'anycast') return undefined
  const away = distance(client, canonical)
  return away === undefined ? undefined : Math.max(away, NEAR_KM)
}
