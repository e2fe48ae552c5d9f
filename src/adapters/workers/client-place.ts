import { cloudOfAsn } from '../../clouds/asns.ts'
import type { Located } from '../../clouds/located.ts'
import type { Coordinates } from '../../clouds/place.ts'
import { placeOf } from '../../clouds/places.ts'
import type { RequestOrigin } from './bindings.ts'

/**
 * Where Cloudflare says that a client is: the cloud whose network it is in, with its country (`hetzner/de`), or else the
 * country alone (`country/FR`); its coordinates, where they are known, are those of its city.
 */
export function placeOfClient(origin: RequestOrigin | undefined): Located | undefined {
  if (origin === undefined) return undefined
  const cloud = typeof origin.asn === 'number' ? cloudOfAsn(origin.asn) : undefined
  const country = countryOf(origin)
  const name = nameOf(cloud, country)
  if (name === undefined) return undefined
  const coordinates = coordinatesOf(origin)
  const place = placeOf(name)
  return {
    place: coordinates === undefined ? place : { ...place, coordinates },
    source: cloud === undefined ? 'country' : 'asn',
  }
}

function nameOf(cloud: string | undefined, country: string | undefined): string | undefined {
  if (cloud === undefined) return country === undefined ? undefined : `country/${country}`
  return country === undefined ? cloud : `${cloud}/${country.toLowerCase()}`
}

/** `XX` is a country that is not known, and `T1` is Tor, which may be anywhere. */
function countryOf({ country }: RequestOrigin): string | undefined {
  return typeof country === 'string' && /^[A-Z]{2}$/.test(country) && country !== 'XX' ? country : undefined
}

function coordinatesOf({ latitude, longitude }: RequestOrigin): Coordinates | undefined {
  if (typeof latitude !== 'string' || typeof longitude !== 'string') return undefined
  const [lat, lon] = [Number.parseFloat(latitude), Number.parseFloat(longitude)]
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : undefined
}
