import type { Place } from '../clouds/place.ts'
import { conditionsHold } from './condition.ts'
import type { RuleConfig } from './config.ts'

/** Places by what rules ask of them: there may be tens of thousands, and thousands of rules. */
export class PlaceIndex {
  readonly #all: readonly Place[]
  readonly #byCloud: ReadonlyMap<string | undefined, readonly Place[]>
  readonly #byRegion: ReadonlyMap<string | undefined, readonly Place[]>
  readonly #byParent: ReadonlyMap<string | undefined, readonly Place[]>
  readonly #byCountry: ReadonlyMap<string | undefined, readonly Place[]>

  constructor(places: Iterable<Place>) {
    this.#all = [...places]
    this.#byCloud = Map.groupBy(this.#all, ({ cloud }) => cloud)
    this.#byRegion = Map.groupBy(this.#all, ({ region }) => region)
    this.#byParent = Map.groupBy(this.#all, ({ parent }) => parent)
    this.#byCountry = Map.groupBy(this.#all, ({ country }) => country)
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

function* each(
  index: ReadonlyMap<string | undefined, readonly Place[]>,
  names: readonly string[],
): Iterable<Place> {
  for (const name of names) yield* index.get(name) ?? []
}
