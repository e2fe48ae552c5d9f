import type { PagesConfig } from '../config/config.ts'
import { isFault } from '../oci/errors.ts'
import { type OciRequest, parsePath } from '../oci/path.ts'
import { parseTarget } from '../oci/target.ts'
import type { Backend, Upstream } from '../routing/backend.ts'
import { type Decision, decide, type RequestFacts, type Verdict } from '../routing/decide.ts'
import type { View } from '../routing/view.ts'
import type { Clock } from '../runtime.ts'
import type { Content } from '../storage/content.ts'
import { answerContent } from './answer-content.ts'
import { answerListed } from './answer-listed.ts'
import { ask, within } from './ask.ts'
import { faultReply } from './fault-reply.ts'
import type { Client, Locate } from './locate.ts'
import type { DoorReply } from './reply.ts'
import type { Door, DoorRequest } from './request.ts'

export interface DoorParts {
  readonly locate: Locate
  readonly presence: {
    known(backend: Backend, request: OciRequest): Verdict | undefined
    has(backend: Backend, request: OciRequest): Verdict | Promise<Verdict>
    listed: RequestFacts['listed']
  }
  readonly spill: Pick<RequestFacts, 'maySpill' | 'overSpill'> & { count(decision: Decision): void }
  /**
   * Told of every redirect of a blob to a store. Where the same client was sent there for the same blob just now, gives
   * what a check of that blob found; `undefined` when there is nothing to doubt.
   */
  readonly doubt: (client: Client, decision: Decision, request: OciRequest) => Promise<Verdict> | undefined
  readonly clock: Clock
  /** What the config says, as it is in force; asked once per request. */
  readonly current: () => DoorPolicy
}

/** The part of a door that a reload replaces. */
export interface DoorPolicy {
  readonly pages: PagesConfig
  /** Whether replies carry `Portolan-Reason`. */
  readonly debug: boolean
  /** How long one request may wait for backends altogether, in milliseconds. */
  readonly patience: number
  readonly view: View
  /** What an upstream on our own disk holds. */
  readonly content: (upstream: Upstream) => Content
  /** Told of every request after it was answered; absent when nobody wants to know, and then it costs nothing. */
  readonly observe?: (exchange: Exchange) => void
}

/** A request, what was answered and why: what an access log is written from. */
export interface Exchange {
  readonly request: DoorRequest
  readonly reply: DoorReply
  readonly client: Client | undefined
  /** Absent when it was no request of the OCI spec. */
  readonly oci: OciRequest | undefined
  readonly decision: Decision | undefined
  /** Milliseconds until the answer was known; a body is still to be sent then. */
  readonly duration: number
}

/** Longest request target; a name has at most 255 characters and a digest 135, so the rest is for the query. */
const MAX_TARGET = 8192

/** Spill is counted by the minute, so within one there is room again. */
const RETRY_AFTER = '30'

const VERSION_REPLY: DoorReply = {
  status: 200,
  headers: {
    'Content-Type': 'application/json',
    'Content-Length': '2',
    'Docker-Distribution-Api-Version': 'registry/2.0',
  },
  body: '{}',
}

/**
 * Builds the door: raw request in, reply out, synchronously when everything is known. docs/request-handling.md tells
 * the same story in the same order.
 */
export function createDoor(parts: DoorParts): Door {
  const { locate, clock } = parts

  return (request) => {
    const policy = parts.current()
    const { observe } = policy
    const startedAt = observe === undefined ? 0 : clock.now()
    const done = (reply: DoorReply, client?: Client, oci?: OciRequest, decision?: Decision): DoorReply => {
      observe?.({ request, reply, client, oci, decision, duration: clock.now() - startedAt })
      return reply
    }

    const { method } = request
    if (method !== 'GET' && method !== 'HEAD') return done(METHOD_REFUSED)
    if (request.target.length > MAX_TARGET) return done(TARGET_TOO_LONG)
    const target = parseTarget(request.target)
    if (isFault(target)) return done(faultReply(target, 400))
    if (target.path === '/') return done(page(policy.pages.info))
    if (target.path === '/privacy') return done(page(policy.pages.privacy))
    const oci = parsePath(target.path)
    if (isFault(oci)) return done(faultReply(oci))

    const client = locate(request)
    const finish = (decision: Decision) => {
      if (decision.movedFrom !== undefined) parts.spill.count(decision)
      const reply = toReply(decision, request, oci, target.query, policy)
      if (reply instanceof Promise) {
        return reply.then((late) => done(explained(late, policy, client, decision), client, oci, decision))
      }
      return done(explained(reply, policy, client, decision), client, oci, decision)
    }
    const facts: RequestFacts = {
      method,
      request: oci,
      query: target.query,
      place: client.located?.place,
      presence: parts.presence.known,
      listed: parts.presence.listed,
      mayAsk: true,
      maySpill: parts.spill.maySpill,
      overSpill: parts.spill.overSpill,
    }
    const decision = decide(facts, policy.view)
    if (decision.kind === 'ask') {
      const { view, patience } = policy
      return ask(decision, facts, view, { has: parts.presence.has, clock, patience }).then((late) => {
        // Only noted: this client has waited enough, and the store has just said that it has the blob.
        if (method === 'GET') parts.doubt(client, late, oci)
        return finish(late)
      })
    }
    if (method === 'GET') {
      const doubt = parts.doubt(client, decision, oci)
      // What the check found is known to presence by then, so the same question has its new answer.
      if (doubt !== undefined) {
        return within(policy.patience, doubt, clock)
          .then(() => decide({ ...facts, mayAsk: false }, policy.view) as Decision)
          .then(finish)
      }
    }
    return finish(decision)
  }

  function explained(reply: DoorReply, { debug }: DoorPolicy, client: Client, decision: Decision): DoorReply {
    if (!debug) return reply
    return { ...reply, headers: { ...reply.headers, 'Portolan-Reason': describeDecision(client, decision) } }
  }

  function toReply(
    decision: Decision,
    request: DoorRequest,
    oci: OciRequest,
    query: string,
    { content }: DoorPolicy,
  ): DoorReply | Promise<DoorReply> {
    switch (decision.kind) {
      case 'redirect':
        return redirect(decision.location)
      case 'refuse':
        return decision.reason === 'spill-exceeded'
          ? faultReply(decision.fault, 429, { 'Retry-After': RETRY_AFTER })
          : faultReply(decision.fault)
      case 'answer':
        if (decision.listed !== undefined) return answerListed(decision.listed, oci)
        if (decision.backend === undefined || oci.kind === 'base' || oci.kind === 'catalog')
          return VERSION_REPLY
        return answerContent(content(decision.backend), oci, {
          method: request.method,
          query,
          header: (name) => request.header(name),
        })
    }
  }
}

/** A decision in one line of printable ASCII, nothing of it written by a client. */
function describeDecision({ located, via }: Client, { reason, passedOver }: Decision): string {
  const client = located === undefined ? `somewhere (${via})` : `${located.place.name} (${located.source})`
  const passed = passedOver.map(({ candidate, because }) => `; ${candidate.backend.id} ${because}`).join('')
  return `${reason}; client ${client}${passed}`
}

/** 307 keeps the method; `private`, since the next client may be elsewhere and no shared cache can know that. */
function redirect(location: string): DoorReply {
  return {
    status: 307,
    headers: {
      Location: location,
      'Cache-Control': 'private, no-cache',
      'Docker-Distribution-Api-Version': 'registry/2.0',
      'Content-Length': '0',
    },
  }
}

function page(url: string | undefined): DoorReply {
  return url === undefined ? NO_PAGE : redirect(url)
}

const NO_PAGE = faultReply({
  code: 'UNSUPPORTED',
  message: 'no page is configured here; this is a container registry',
})
const METHOD_REFUSED = faultReply(
  { code: 'UNSUPPORTED', message: 'this registry is read-only: GET and HEAD are all it answers' },
  405,
  { Allow: 'GET, HEAD' },
)
const TARGET_TOO_LONG = faultReply(
  { code: 'UNSUPPORTED', message: `the request target is longer than ${MAX_TARGET} characters` },
  414,
)
