import type { Coordinates, Place } from '../clouds/place.ts'

/** Mean radius of the Earth. */
const EARTH_KM = 6371
const RADIANS = Math.PI / 180

/**
 * What an anycast backend counts as being away: its edge is near nearly everyone, but a backend in the client's own
 * region is nearer still.
 */
export const ANYCAST_KM = 300

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
