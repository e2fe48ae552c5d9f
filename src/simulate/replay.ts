import type { OciRequest } from '../oci/path.ts'
import type { Candidates } from '../routing/candidates.ts'
import type { Decision } from '../routing/decide.ts'
import { parseRequest } from '../routing/parse-request.ts'
import { classOf, RANKED_AS } from '../routing/request-class.ts'
import type { ContentSizes } from './content-sizes.ts'
import type { LoggedRequest } from './logs/logged-request.ts'
import { pathOf } from './pacing/path.ts'
import { type Outcome, type PolicyState, PolicySums } from './policy-sums.ts'
import type { TriedPolicy } from './tried-policy.ts'

/** What came of a replay, or of a part of it, as data that can go to another thread. */
export interface ReplayState {
  readonly policies: readonly PolicyState[]
  /** Of requests that no policy is asked about, since the door cannot read them: how many. */
  readonly refused: number
  /** Of the door's pages, and not of images. */
  readonly pages: number
  /** Milliseconds since 1970; infinite where there was no request. */
  readonly first: number
  readonly last: number
}

/** Replays requests, one after the other and in any order, against policies, the same for each. */
export class Replay {
  readonly #policies: readonly TriedPolicy[]
  readonly #sizes: ContentSizes
  readonly #sums: readonly PolicySums[]
  #refused = 0
  #pages = 0
  #first = Number.POSITIVE_INFINITY
  #last = Number.NEGATIVE_INFINITY

  constructor(policies: readonly TriedPolicy[], sizes: ContentSizes) {
    this.#policies = policies
    this.#sizes = sizes
    this.#sums = policies.map(() => new PolicySums())
  }

  take(logged: LoggedRequest): void {
    this.#first = Math.min(this.#first, logged.at)
    this.#last = Math.max(this.#last, logged.at)
    const parsed = parseRequest(logged.method, logged.target)
    if (parsed.kind === 'refused') {
      this.#refused++
      return
    }
    if (parsed.kind === 'page') {
      this.#pages++
      return
    }
    const { method, request, query } = parsed
    const size = this.#sizes.of(logged, request)
    let before: Outcome | undefined
    for (const [index, policy] of this.#policies.entries()) {
      const client = policy.clientOf(logged.client)
      const way = policy.at(logged.at)
      const tried = { method, request, query, client, at: logged.at, target: logged.target }
      const decision = policy.decide(tried, way)
      const repository = 'name' in request ? request.name : undefined
      const candidates = way.view.candidates(client.located?.place, client.address, repository)
      const answered = {
        logged,
        request,
        place: client.located?.place.name,
        outcome: outcomeOf(decision, candidates, request),
        size,
        path: policy.isForeseen ? undefined : pathOf(policy, tried, decision),
        past: pastOf(decision, policy),
      }
      const sums = this.#sums[index]!
      sums.add(answered, policy)
      const { outcome } = answered
      if (before === undefined) before = outcome
      else if (before.backend?.id !== outcome.backend?.id) sums.addMove(before, answered)
    }
  }

  /** What came of it so far; it changes with the next request. */
  get state(): ReplayState {
    return {
      policies: this.#sums.map((sums) => sums.state),
      refused: this.#refused,
      pages: this.#pages,
      first: this.#first,
      last: this.#last,
    }
  }
}

/** Whose budget kept the request from going where it would have gone. */
function pastOf({ passedOver }: Decision, policy: TriedPolicy): string | undefined {
  const passed = passedOver.find(({ because }) => because === 'budget')
  return passed && policy.payerOf(passed.candidate.backend)
}

function outcomeOf(decision: Decision, candidates: Candidates, request: OciRequest): Outcome {
  const backend = decision.kind === 'refuse' ? undefined : decision.backend
  if (backend === undefined) return { backend, why: decision.reason }
  const requestClass = classOf(request)
  if (requestClass === 'base' || requestClass === 'catalog') return { backend, why: decision.reason }
  const by =
    candidates[RANKED_AS[requestClass]].find((candidate) => candidate.backend === backend)?.by ??
    'last resort'
  return { backend, why: whyOf(decision.reason, candidates, by) }
}

/** As `store-present by rule 2 (stores@aws)`, or `… by rule 1 of canary (cdn)`. */
function whyOf(reason: string, { rule, policy }: Candidates, by: string): string {
  const of = policy === undefined ? '' : ` of ${policy}`
  return `${reason} by ${rule === undefined ? 'distance' : `rule ${rule}`}${of} (${by})`
}
