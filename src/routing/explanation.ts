import type { Address } from '../net/address.ts'
import { formatAddress } from '../net/address.ts'
import { firstAddress, formatPrefix } from '../net/prefix.ts'
import type { OciRequest } from '../oci/path.ts'
import type { Backend } from './backend.ts'
import type { Candidate, Candidates } from './candidates.ts'
import { type Decision, mayLack, type PassedOver, type Presence, type Reason } from './decide.ts'
import { pullKey } from './draw.ts'
import type { Treatment } from './legacy/treat.ts'
import type { Client } from './locate.ts'
import { classOf, RANKED_AS, type RequestClass } from './request-class.ts'
import { drawsOf, type Split } from './split.ts'

/** How a backend is, as far as an explanation tells. */
export interface ExplainedHealth {
  /** `local` for what the door answers from its own disk; `assumed` where whoever asks said how it is. */
  readonly status: 'pending' | 'healthy' | 'degraded' | 'ejected' | 'local' | 'assumed'
  readonly isUsable: boolean
  readonly lastFailure?: string
}

/** Why one request goes where it goes, as plain data for people and tools. */
export interface Explanation {
  readonly method: string
  readonly target: string
  readonly class: RequestClass
  /** Of a mirror: the host of the registry that is meant. */
  readonly registry?: string
  readonly client: ExplainedClient
  /** By which old name it is asked, and what becomes of it there; absent for the name of today. */
  readonly oldName?: ExplainedOldName
  /** The policy that the client goes by, and all there are; absent where there is but one. */
  readonly policy?: { readonly id: string; readonly all: readonly ExplainedPolicy[] }
  /** 1-based number of the routing rule that applied; absent where none did. */
  readonly rule?: number
  /** Backends that no client is sent to now, and why not; absent for none. */
  readonly closed?: readonly { readonly backend: string; readonly why: string }[]
  /** What this client drew where the rule splits clients; absent where it does not. */
  readonly splits?: readonly ExplainedSplit[]
  /** All that could answer, in the order in which they are preferred. */
  readonly candidates: readonly ExplainedCandidate[]
  readonly decision: ExplainedDecision
}

/** How an old name of the registry treats a request. */
export interface ExplainedOldName {
  readonly name: string
  /** The phase that is in force for the client; absent for none. */
  readonly phase?: { readonly id: string; readonly kind: string }
  /** What the client's network drew, from 0 to 1: it is in each cohort with a larger share. Absent where it is not known. */
  readonly draw?: number
  readonly treatment: Treatment['kind']
}

/** Rules for a share of all clients, from 0 to 1. */
export interface ExplainedPolicy {
  readonly id: string
  readonly share: number
}

/** One split, and what was drawn by. */
export interface ExplainedSplit {
  /** The client: an IPv4 address, or an IPv6 /64; absent where it is not known, and then the draw says nothing of others. */
  readonly client?: string
  readonly repository: string
  /** The first of the client's own order first. */
  readonly between: readonly {
    readonly selector: string
    readonly weight: number
    /** Of all clients for whom the same backends are near, how many have it first: from 0 to 1. */
    readonly share: number
    /** What the client drew for it, divided by the weight; the smallest is first. */
    readonly draw: number
  }[]
}

export interface ExplainedClient {
  readonly address?: string
  readonly via: Client['via']
  /** Absent for somewhere. */
  readonly place?: string
  /** How the place is known. */
  readonly knownBy?: string
}

export interface ExplainedCandidate {
  readonly backend: string
  readonly kind: Backend['kind']
  readonly place: string
  /** From the client; absent when one of the two places is not known. */
  readonly kilometres?: number
  /** The selector that named it, or `anycast`, `nearest`, `last resort` or `too far`. */
  readonly by: string
  readonly health: ExplainedHealth['status']
  /** Why it is not in traffic. */
  readonly failure?: string
  /** Whether it holds what is asked for; `assumed` of an upstream that has everything. */
  readonly presence: Presence | 'assumed' | 'not-asked'
  /** `taken`, why it was passed over, or `not-reached` when a better one was taken. */
  readonly verdict: 'taken' | 'not-reached' | PassedOver['because']
}

export interface ExplainedDecision {
  readonly kind: Decision['kind']
  readonly reason: Reason | 'old-name'
  /** Absent when the door itself answers. */
  readonly backend?: string
  readonly location?: string
  /** Why the door does not answer a list of tags itself: it cannot have it, or nobody was asked for it. */
  readonly tags?: 'not-had' | 'not-asked'
  /** What a refusal says. */
  readonly message?: string
  /** The backend that would have answered, were it not down. */
  readonly movedFrom?: string
}

/** What an explanation is made from. */
export interface ExplainFacts {
  readonly method: string
  readonly target: string
  readonly request: OciRequest
  /** Of a mirror: the host of the registry that is meant. */
  readonly registry?: string
  readonly client: Client
  readonly candidates: Candidates
  /** Every policy that a client may go by; absent where there is but one. */
  readonly policies?: readonly ExplainedPolicy[]
  /** Backends that no client is sent to now, and why not. */
  readonly closed?: ReadonlyMap<Backend, string>
  readonly decision: Decision
  /** What is decided by the old name that it is asked by; absent for the name of today. */
  readonly oldName?: { readonly explained: ExplainedOldName; readonly decision?: ExplainedDecision }
  /** Of a redirect of a list of tags, why it is one. */
  readonly tags?: 'not-had' | 'not-asked'
  readonly presence: (backend: Backend) => Presence | undefined
  readonly health: (backend: Backend) => ExplainedHealth
}

/** Lays out a decision that was made on these facts. Pure. */
export function explain(facts: ExplainFacts): Explanation {
  const { method, target, request, client, candidates, decision, closed = new Map<Backend, string>() } = facts
  const requestClass = classOf(request)
  const isRanked = requestClass !== 'base' && requestClass !== 'catalog'
  const ranked = isRanked ? candidates[RANKED_AS[requestClass]] : []
  const { policy, splits = [] } = candidates
  const drawn = splits.filter((split) => isAmong(split, ranked))
  return {
    method,
    target,
    class: requestClass,
    ...(facts.registry !== undefined && { registry: facts.registry }),
    client: explainClient(client),
    ...(facts.oldName && { oldName: facts.oldName.explained }),
    ...(isRanked && policy !== undefined && { policy: { id: policy, all: facts.policies ?? [] } }),
    ...(isRanked && candidates.rule !== undefined && { rule: candidates.rule }),
    ...(drawn.length > 0 &&
      'name' in request && { splits: drawn.map((split) => explainSplit(split, client, request.name)) }),
    candidates: ranked.map((candidate) => explainCandidate(candidate, facts)),
    ...(isRanked &&
      closed.size > 0 && { closed: [...closed].map(([{ id }, why]) => ({ backend: id, why })) }),
    decision: facts.oldName?.decision ?? {
      kind: decision.kind,
      reason: decision.reason,
      ...(decision.kind !== 'refuse' && decision.backend && { backend: decision.backend.id }),
      ...(decision.kind === 'redirect' && { location: decision.location }),
      ...(decision.kind === 'redirect' && facts.tags && { tags: facts.tags }),
      ...(decision.kind === 'refuse' && { message: decision.fault.message }),
      ...(decision.movedFrom && { movedFrom: decision.movedFrom.id }),
    },
  }
}

function explainClient({ address, via, located }: Client): ExplainedClient {
  return {
    ...(address && { address: formatAddress(address as Address) }),
    via,
    ...(located && { place: located.place.name, knownBy: located.source }),
  }
}

/** Whether a split says anything of these: of tags, splits between stores do not. */
function isAmong({ between }: Split, ranked: readonly Candidate[]): boolean {
  return between.filter(({ selector }) => ranked.some(({ by }) => by === selector.text)).length > 1
}

function explainSplit(split: Split, { address }: Client, repository: string): ExplainedSplit {
  const sum = split.between.reduce((total, { weight }) => total + weight, 0)
  return {
    ...(address && { client: formatSubscriber(address) }),
    repository,
    between: drawsOf(split, pullKey(address, repository))
      .toSorted((one, other) => one.draw - other.draw)
      .map(({ alternative: { selector, weight }, draw }) => ({
        selector: selector.text,
        weight,
        share: weight / sum,
        draw,
      })),
  }
}

/** What draws know of an address. */
function formatSubscriber(address: Address): string {
  if (address.family === 4) return formatAddress(address)
  return formatPrefix({ address: firstAddress(address, 64), length: 64 })
}

function explainCandidate({ backend, distance, by }: Candidate, facts: ExplainFacts): ExplainedCandidate {
  const health = facts.health(backend)
  return {
    backend: backend.id,
    kind: backend.kind,
    place: backend.place.name,
    ...(distance !== undefined && { kilometres: Math.round(distance) }),
    by,
    health: health.status,
    ...(!health.isUsable && health.lastFailure !== undefined && { failure: health.lastFailure }),
    presence: mayLack(backend, facts.request) ? (facts.presence(backend) ?? 'not-asked') : 'assumed',
    verdict: verdictOf(backend, facts.decision),
  }
}

function verdictOf(backend: Backend, decision: Decision): ExplainedCandidate['verdict'] {
  if (decision.kind !== 'refuse' && decision.backend?.id === backend.id) return 'taken'
  const passed = decision.passedOver.findLast(({ candidate }) => candidate.backend.id === backend.id)
  return passed?.because ?? 'not-reached'
}
