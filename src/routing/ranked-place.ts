import type { Place } from '../clouds/place.ts'
import type { Address } from '../net/address.ts'
import { type Candidates, type RankedBy, type RankingParts, rankCandidates } from './candidates.ts'
import { pullKey } from './draw.ts'
import { isForRepository, type Rule, ruleApplies } from './rule.ts'
import type { RuleNetworks } from './rule-networks.ts'
import { orderOf, type Split, type SplitOrder } from './split.ts'

/** By what all places are ranked. */
export interface PlaceParts {
  readonly rules: readonly Rule[]
  /** Which rules are for the network of an address; absent where none is for any. */
  readonly networks: RuleNetworks | undefined
  readonly policy: Pick<RankedBy, 'policy'>
  readonly parts: RankingParts
  /** Told of each ranking beyond the first of a place, of which rules and splits may make many. */
  readonly onOther: () => void
}

/** All rankings for clients in one place, by one policy; most places have but one. */
export class RankedPlace {
  /** The only one there is; absent where it depends on the address or on what is asked for. */
  readonly only: Candidates | undefined
  readonly #place: Place | undefined
  readonly #policy: Pick<RankedBy, 'policy'>
  readonly #parts: RankingParts
  readonly #onOther: () => void
  readonly #rules: readonly Rule[]
  readonly #networks: RuleNetworks | undefined
  /** Of those for all networks, which may apply here, by position and up to the first that does for every repository. */
  readonly #plain: readonly number[]
  readonly #ranked = new Map<number | undefined, RankedByRule>()
  /** Where one rule, or none, is that of all clients there. */
  readonly #sole: RankedByRule | undefined

  constructor(place: Place | undefined, { rules, networks, policy, parts, onOther }: PlaceParts) {
    this.#place = place
    this.#policy = policy
    this.#parts = parts
    this.#onOther = onOther
    this.#rules = rules
    this.#networks = networks
    this.#plain = plainRules(rules, place)
    const first = this.#plain[0]
    if (this.#networks !== undefined || (first !== undefined && rules[first]!.isFor !== undefined)) return
    this.#sole = this.#rank(first)
    if (this.#sole.all.splits === undefined) this.only = this.#sole.all
  }

  /** The ranking for one of the clients there, and the repository that it asks for. */
  of(address: Address | undefined, repository: string | undefined): Candidates {
    const ranked = this.#sole ?? this.#rank(this.#choose(address, repository))
    const { splits } = ranked.all
    return splits === undefined ? ranked.all : this.#draw(ranked, splits, pullKey(address, repository ?? ''))
  }

  /** The position of the first rule whose conditions all hold. */
  #choose(address: Address | undefined, repository: string | undefined): number | undefined {
    const plain = this.#plain.find((position) => isForRepository(this.#rules[position]!, repository))
    if (this.#networks === undefined || address === undefined) return plain
    const before = plain ?? this.#rules.length
    const found = this.#networks.first(address, before, (position) => {
      const rule = this.#rules[position]!
      return ruleApplies(rule, this.#place) && isForRepository(rule, repository)
    })
    return found ?? plain
  }

  #rank(position: number | undefined): RankedByRule {
    const found = this.#ranked.get(position)
    if (found !== undefined) return found
    const rule = position === undefined ? undefined : { number: position + 1, rule: this.#rules[position]! }
    const by = { ...this.#policy, ...(rule && { rule }) }
    const made = { by, all: rankCandidates(this.#place, by, this.#parts), drawn: new Map() }
    if (this.#ranked.size > 0) this.#onOther()
    this.#ranked.set(position, made)
    return made
  }

  #draw({ by, drawn }: RankedByRule, splits: readonly Split[], key: number): Candidates {
    const order = orderOf(splits, key)
    const found = drawn.get(order)
    if (found !== undefined) return found
    const made = rankCandidates(this.#place, { ...by, key }, this.#parts)
    this.#onOther()
    drawn.set(order, made)
    return made
  }
}

/** What one rule makes of a place. */
interface RankedByRule {
  readonly by: RankedBy
  /** In the order of the config, which is that of all clients where there are no splits. */
  readonly all: Candidates
  readonly drawn: Map<SplitOrder, Candidates>
}

function plainRules(rules: readonly Rule[], place: Place | undefined): number[] {
  const found: number[] = []
  for (const [position, rule] of rules.entries()) {
    if (rule.networks !== undefined || !ruleApplies(rule, place)) continue
    found.push(position)
    if (rule.isFor === undefined) break
  }
  return found
}
