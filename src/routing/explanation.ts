import type { Address } from '../net/address.ts'
import { formatAddress } from '../net/address.ts'
import type { OciRequest } from '../oci/path.ts'
import type { Backend } from './backend.ts'
import type { Candidate, Candidates } from './candidates.ts'
import { type Decision, mayLack, type PassedOver, type Presence, type Reason } from './decide.ts'
import type { Client } from './locate.ts'
import { classOf, RANKED_AS, type RequestClass } from './request-class.ts'

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
  /** 1-based number of the routing rule that applied; absent where none did. */
  readonly rule?: number
  /** All that could answer, in the order in which they are preferred. */
  readonly candidates: readonly ExplainedCandidate[]
  readonly decision: ExplainedDecision
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
  readonly reason: Reason
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
  readonly decision: Decision
  /** Of a redirect of a list of tags, why it is one. */
  readonly tags?: 'not-had' | 'not-asked'
  readonly presence: (backend: Backend) => Presence | undefined
  readonly health: (backend: Backend) => ExplainedHealth
}

/** Lays out a decision that was made on these facts. Pure. */
export function explain(facts: ExplainFacts): Explanation {
  const { method, target, request, client, candidates, decision } = facts
  const requestClass = classOf(request)
  const isRanked = requestClass !== 'base' && requestClass !== 'catalog'
  const ranked = isRanked ? candidates[RANKED_AS[requestClass]] : []
  return {
    method,
    target,
    class: requestClass,
    ...(facts.registry !== undefined && { registry: facts.registry }),
    client: explainClient(client),
    ...(isRanked && candidates.rule !== undefined && { rule: candidates.rule }),
    candidates: ranked.map((candidate) => explainCandidate(candidate, facts)),
    decision: {
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
