import type { Place } from '../clouds/place.ts'
import type { Store, Upstream } from './backend.ts'
import { type Candidates, rankCandidates } from './candidates.ts'
import type { Rule } from './rule.ts'

/** Everything a decision may look at, frozen: a reload builds another view, and no request sees half of each. */
export interface View {
  readonly upstreams: readonly Upstream[]
  readonly stores: readonly Store[]
  readonly canonical: Upstream
  /** The ranking for a client's place; worked out once per place, of which there are as many as the tables name. */
  candidates(place: Place | undefined): Candidates
}

export interface ViewParts {
  readonly upstreams: readonly Upstream[]
  readonly stores: readonly Store[]
  readonly rules: readonly Rule[]
}

/** Builds a view; exactly one upstream must be canonical, which the config has made sure of. */
export function createView({ upstreams, stores, rules }: ViewParts): View {
  const canonical = upstreams.find((upstream) => upstream.canonical)
  if (canonical === undefined) throw new TypeError('a view needs a canonical upstream')
  const ranked = new Map<Place | undefined, Candidates>()
  return {
    upstreams,
    stores,
    canonical,
    candidates(place) {
      let candidates = ranked.get(place)
      if (candidates === undefined) {
        candidates = rankCandidates(place, upstreams, stores, rules)
        ranked.set(place, candidates)
      }
      return candidates
    },
  }
}
