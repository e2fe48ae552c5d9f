import { type Address, formatAddress } from '../net/address.ts'
import { isVerifiable } from '../oci/digest.ts'
import { isFault, type OciFault } from '../oci/errors.ts'
import { type OciRequest, parsePath } from '../oci/path.ts'
import { parseTarget } from '../oci/target.ts'
import { type Decision, decide, type RequestFacts } from '../routing/decide.ts'
import type { Clock } from '../runtime.ts'
import { ask } from './ask.ts'
import type { DoorParts, DoorPolicy } from './door.ts'
import { type ExplainFacts, type Explanation, explain } from './explain.ts'

/** A request to explain, as a client at `from` would send it. */
export interface Question {
  readonly method: RequestFacts['method']
  /** Raw path and query, such as `/v2/pause/manifests/3.9`. */
  readonly target: string
  readonly from: Address
  /** Whether backends are asked what they hold, as they are for a real request. */
  readonly ask: boolean
}

/** Explains one request on what is in force and known now; gives a fault for what the door would refuse to read. */
export type Explainer = (question: Question) => Promise<Explanation | OciFault>

export interface ExplainerParts extends Pick<DoorParts, 'locate' | 'presence' | 'spill'> {
  readonly clock: Clock
  readonly current: () => DoorPolicy
  readonly health: ExplainFacts['health']
}

/** Decides as the door does, but counts nothing and redirects nobody. */
export function createExplainer({
  locate,
  presence,
  spill,
  clock,
  current,
  health,
}: ExplainerParts): Explainer {
  return async ({ method, target, from, ask: mayAsk }) => {
    const { view, patience } = current()
    const parts = parseTarget(target)
    if (isFault(parts)) return parts
    const request = parsePath(parts.path)
    if (isFault(request)) return request
    const client = locate({ method, target, peer: formatAddress(from), header: () => undefined })
    const facts: RequestFacts = {
      method,
      request,
      query: parts.query,
      place: client.located?.place,
      presence: presence.known,
      listed: presence.listed,
      mayAsk,
      maySpill: spill.maySpill,
      overSpill: spill.overSpill,
    }
    const first = decide(facts, view)
    const decision: Decision =
      first.kind === 'ask' ? await ask(first, facts, view, { has: presence.has, clock, patience }) : first
    return explain({
      method,
      target,
      request,
      client,
      candidates: view.candidates(facts.place),
      decision,
      presence: (backend) => (canBeAsked(request) ? presence.known(backend, request) : undefined),
      health,
    })
  }
}

/** Lists cannot be asked for, and nobody could check content of other algorithms. */
function canBeAsked(request: OciRequest): boolean {
  if (request.kind === 'blob') return isVerifiable(request.digest)
  return request.kind === 'manifest' && (!request.byDigest || isVerifiable(request.reference))
}
