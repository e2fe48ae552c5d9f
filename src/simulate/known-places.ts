import { cloudOfAsn } from '../clouds/asns.ts'
import { listedClouds } from '../clouds/listed-clouds.ts'
import type { Place } from '../clouds/place.ts'
import { placeOf } from '../clouds/places.ts'
import type { Config } from '../config/config.ts'
import { isKnownPlace } from '../config/place-name.ts'

/**
 * Places by the names that a log gives them, each the same object however often it is named. There are as many as are
 * known: a log is no reason to believe that a cloud has a region, or to keep what it invents.
 */
export class KnownPlaces {
  readonly #places = new Map<string, Place | undefined>()
  readonly #own: ReadonlySet<string>

  constructor({ upstreams, stores, clouds }: Pick<Config, 'upstreams' | 'stores' | 'clouds'>) {
    this.#own = new Set([...upstreams, ...stores, ...clouds.places].map(({ at }) => at))
  }

  /** The place, or what is known of it: the cloud of a region that is not known. `undefined` for somewhere. */
  named(name: string): Place | undefined {
    const slash = name.indexOf('/')
    const cloud = slash < 0 ? name : name.slice(0, slash)
    if (isKnownPlace(name) || this.#own.has(name)) return this.#keep(name)
    if (cloud === 'country') return COUNTRY.test(name) ? this.#keep(name) : undefined
    if (!listedClouds.includes(cloud)) return undefined
    // A cloud and a country is how those are found of whom the network is known, and no region.
    return this.#keep(OF_CLOUD.test(name) && placeOf(name).country !== undefined ? name : cloud)
  }

  /** The cloud that an autonomous system belongs to; `undefined` for any other network. */
  ofAsn(asn: number): Place | undefined {
    const cloud = cloudOfAsn(asn)
    return cloud === undefined ? undefined : this.#keep(cloud)
  }

  #keep(name: string): Place | undefined {
    const known = this.#places.get(name)
    if (known !== undefined) return known
    const place = placeOf(name)
    // A country that is on no map is nowhere.
    if (place.name.startsWith('country/') && place.coordinates === undefined) return undefined
    this.#places.set(name, place)
    return place
  }
}

const OF_CLOUD = /^[a-z]+\/[a-z]{2}$/
const COUNTRY = /^country\/[A-Z]{2}$/
