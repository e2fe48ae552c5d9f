import type { Place } from '../clouds/place.ts'
import type { Address } from '../net/address.ts'
import { type Candidates, type RankedBy, type RankingParts, rankCandidates } from './candidates.ts'
import { pullKey } from './draw.ts'
import { type Rule, ruleApplies } from './rule.ts'
import { orderOf, type Split, type SplitOrder } from './split.ts'

/** How much is kept for one place: who has more rules there, or splits of more ways, has some of it worked out again. */
const RULES_KEPT = 64
const ORDERS_KEPT = 64

/** All rankings for clients in one place, by one policy; most places have but one. */
export class RankedPlace {
  /** The only one there is; absent where it depends on the address or on what is asked for. */
  readonly only: Candidates | undefined
  readonly #place: Place | undefined
  readonly #policy: Pick<RankedBy, 'policy'>
  readonly #parts: RankingParts
  /** Those that may apply here, in their order, up to the first that does whatever else is asked. */
  readonly #rules: readonly NonNullable<RankedBy['rule']>[]
  readonly #ranked = new Map<number, RankedByRule>()
  /** Where one rule, or none, is that of all clients there. */
  readonly #sole: RankedByRule | undefined

  constructor(
    place: Place | undefined,
    rules: readonly Rule[],
    policy: Pick<RankedBy, 'policy'>,
    parts: RankingParts,
  ) {
    this.#place = place
    this.#policy = policy
    this.#parts = parts
    this.#rules = applicable(rules, place)
    const first = this.#rules[0]
    if (first?.rule.holdsFor !== undefined) return
    this.#sole = this.#rank(first)
    if (this.#sole.all.splits === undefined) this.only = this.#sole.all
  }

  /** The ranking for one of the clients there, and the repository that it asks for. */
  of(address: Address | undefined, repository: string | undefined): Candidates {
    const ranked = this.#sole ?? this.#rank(this.#choose(address, repository))
    const { splits } = ranked.all
    return splits === undefined ? ranked.all : this.#draw(ranked, splits, pullKey(address, repository ?? ''))
  }

  #choose(address: Address | undefined, repository: string | undefined): RankedBy['rule'] {
    for (const numbered of this.#rules) {
      const { holdsFor } = numbered.rule
      if (holdsFor === undefined || holdsFor(address, repository)) return numbered
    }
    return undefined
  }

  #rank(rule: RankedBy['rule']): RankedByRule {
    const number = rule?.number ?? 0
    const found = this.#ranked.get(number)
    if (found !== undefined) return found
    const by = { ...this.#policy, ...(rule && { rule }) }
    const made = { by, all: rankCandidates(this.#place, by, this.#parts), drawn: new Map() }
    keep(this.#ranked, number, made, RULES_KEPT)
    return made
  }

  #draw({ by, drawn }: RankedByRule, splits: readonly Split[], key: number): Candidates {
    const order = orderOf(splits, key)
    const found = drawn.get(order)
    if (found !== undefined) return found
    const made = rankCandidates(this.#place, { ...by, key }, this.#parts)
    keep(drawn, order, made, ORDERS_KEPT)
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

function applicable(rules: readonly Rule[], place: Place | undefined): NonNullable<RankedBy['rule']>[] {
  const found: NonNullable<RankedBy['rule']>[] = []
  for (const [index, rule] of rules.entries()) {
    if (!ruleApplies(rule, place)) continue
    found.push({ number: index + 1, rule })
    if (rule.holdsFor === undefined) break
  }
  return found
}

/** Forgets what was kept before it grows beyond its bound. */
function keep<Value>(map: Map<number, Value>, key: number, value: Value, most: number): void {
  if (map.size >= most) map.clear()
  map.set(key, value)
}
