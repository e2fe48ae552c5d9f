import type { Place } from '../clouds/place.ts'
import { MAIN_POLICY } from '../config/config.ts'
import type { Address } from '../net/address.ts'
import type { Store, Upstream } from './backend.ts'
import type { Candidates, RankingParts } from './candidates.ts'
import { drawPolicy, type RoutingPolicy } from './policy.ts'
import { RankedPlace } from './ranked-place.ts'
import type { Rule } from './rule.ts'
import { networksOf } from './rule-networks.ts'

/** Everything a decision may look at, frozen: what changes is built anew, and no request sees half of each. */
export interface View {
  readonly canonical: Upstream
  /**
   * The ranking for a client's place and, where rules, splits or policies look at them, for its address and the
   * repository that it asks for. What is worked out is kept per place, of which there are as many as the tables name.
   */
  candidates(place: Place | undefined, address?: Address, repository?: string): Candidates
}

export interface ViewParts extends Pick<RankingParts, 'isUsable' | 'paceOf'> {
  readonly upstreams: readonly Upstream[]
  readonly stores: readonly Store[]
  readonly rules: readonly Rule[]
  /** What shares of all clients go by instead; absent for none. */
  readonly policies?: readonly RoutingPolicy[]
}

/** Builds a view; exactly one upstream must be canonical, which the config has made sure of. */
export function createView({ upstreams, stores, rules, isUsable, paceOf, policies = [] }: ViewParts): View {
  const canonical = upstreams.find((upstream) => upstream.canonical)
  if (canonical === undefined) throw new TypeError('a view needs a canonical upstream')
  // At equal distance a store comes before an upstream: that is what stores are for.
  const parts = { backends: [...stores, ...upstreams], isUsable, ...(paceOf && { paceOf }) }
  if (policies.length === 0) return { canonical, candidates: rankPlaces(rules, {}, parts) }
  const main = rankPlaces(rules, { policy: MAIN_POLICY }, parts)
  const others = new Map(policies.map((each) => [each, rankPlaces(each.rules, { policy: each.id }, parts)]))
  return {
    canonical,
    candidates(place, address, repository) {
      const policy = drawPolicy(policies, address)
      return (policy === undefined ? main : others.get(policy)!)(place, address, repository)
    },
  }
}

/**
 * How many rankings are kept beside one for each place, and how many places: a runtime may name places that no table
 * does, each time anew. With more, what is needed is worked out again.
 */
const RANKINGS_KEPT = 10_000
export const PLACES_KEPT = 20_000

function rankPlaces(
  rules: readonly Rule[],
  policy: { policy?: string },
  parts: RankingParts,
): View['candidates'] {
  const places = new Map<Place | undefined, RankedPlace>()
  let others = 0
  const onOther = () => {
    if (++others < RANKINGS_KEPT) return
    others = 0
    places.clear()
  }
  const common = { rules, networks: networksOf(rules), policy, parts, onOther }
  return (place, address, repository) => {
    let ranked = places.get(place)
    if (ranked === undefined) {
      if (places.size >= PLACES_KEPT) places.clear()
      ranked = new RankedPlace(place, common)
      places.set(place, ranked)
    }
    return ranked.only ?? ranked.of(address, repository)
  }
}
