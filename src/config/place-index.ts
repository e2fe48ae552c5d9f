import type { Place } from '../clouds/place.ts'
import { conditionsHold } from './condition.ts'
import type { RuleConfig } from './config.ts'

type Index = Map<string | undefined, Place[]>

/** Places by what rules ask of them: there may be tens of thousands, and thousands of rules. */
export class PlaceIndex {
  readonly #all: Place[] = []
  readonly #byCloud: Index = new Map()
  readonly #byRegion: Index = new Map()
  readonly #byParent: Index = new Map()
  readonly #byCountry: Index = new Map()

  constructor(places: Iterable<Place> = []) {
    for (const place of places) this.add(place)
  }

  add(place: Place): void {
    this.#all.push(place)
    note(this.#byCloud, place.cloud, place)
    note(this.#byRegion, place.region, place)
    note(this.#byParent, place.parent, place)
    note(this.#byCountry, place.country, place)
  }

  /** Those for which all conditions hold, once each or, where a region is listed twice, twice. */
  *matching(when: RuleConfig['when']): Iterable<Place> {
    for (const place of this.#near(when)) if (conditionsHold(when, place)) yield place
  }

  /** Those for which the condition holds that fewest places meet, and perhaps others. */
  *#near({ region, country, cloud }: RuleConfig['when']): Iterable<Place> {
    if (region !== undefined) {
      yield* each(this.#byRegion, region)
      yield* each(this.#byParent, region)
    } else if (country !== undefined) yield* each(this.#byCountry, country)
    else if (cloud !== undefined) yield* each(this.#byCloud, cloud)
    else yield* this.#all
  }
}

function note(index: Index, name: string | undefined, place: Place): void {
  const places = index.get(name)
  if (places === undefined) index.set(name, [place])
  else places.push(place)
}

function* each(index: Index, names: readonly string[]): Iterable<Place> {
  for (const name of names) yield* index.get(name) ?? []
}
