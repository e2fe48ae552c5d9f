import type { Place } from '../clouds/place.ts'
import type { Store, Upstream } from './backend.ts'
import { type Candidates, type RankingParts, rankCandidates } from './candidates.ts'

/** Everything a decision may look at, frozen: what changes is built anew, and no request sees half of each. */
export interface View {
  readonly canonical: Upstream
  /** The ranking for a client's place; worked out once per place, of which there are as many as the tables name. */
  candidates(place: Place | undefined): Candidates
}

export interface ViewParts extends Pick<RankingParts, 'rules' | 'isUsable'> {
  readonly upstreams: readonly Upstream[]
  readonly stores: readonly Store[]
}

/** Builds a view; exactly one upstream must be canonical, which the config has made sure of. */
export function createView({ upstreams, stores, rules, isUsable }: ViewParts): View {
  const canonical = upstreams.find((upstream) => upstream.canonical)
  if (canonical === undefined) throw new TypeError('a view needs a canonical upstream')
  // At equal distance a store comes before an upstream: that is what stores are for.
  const parts = { backends: [...stores, ...upstreams], rules, isUsable }
  const ranked = new Map<Place | undefined, Candidates>()
  return {
    canonical,
    candidates(place) {
      let candidates = ranked.get(place)
      if (candidates === undefined) {
        candidates = rankCandidates(place, parts)
        ranked.set(place, candidates)
      }
      return candidates
    },
  }
}
