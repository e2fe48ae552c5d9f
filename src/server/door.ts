import type { PagesConfig } from '../config/config.ts'
import type { Clock } from '../internal/clock.ts'
import type { Digest } from '../oci/digest.ts'
import { isFault } from '../oci/errors.ts'
import { type OciRequest, parsePath } from '../oci/path.ts'
import { parseTarget } from '../oci/target.ts'
import type { Store, Upstream } from '../routing/backend.ts'
import { type Ask, type Decision, decide, type RequestFacts, type Verdict } from '../routing/decide.ts'
import type { View } from '../routing/view.ts'
import type { Content } from '../storage/content.ts'
import { answerContent } from './answer-content.ts'
import { faultReply } from './fault-reply.ts'
import type { Client, Locate } from './locate.ts'
import type { DoorReply } from './reply.ts'
import type { Door, DoorRequest } from './request.ts'

export interface DoorParts {
  readonly pages: PagesConfig
  /** Whether replies carry `Portolan-Reason`. */
  readonly debug: boolean
  /** The view in force; asked once per request. */
  readonly view: () => View
  readonly locate: Locate
  readonly presence: {
    known(store: Store, digest: Digest): Verdict | undefined
    has(store: Store, digest: Digest): Verdict | Promise<Verdict>
  }
  /** What an upstream on our own disk holds. */
  readonly content: (upstream: Upstream) => Content
  /** How long one request may wait for stores altogether, in milliseconds. */
  readonly patience: number
  readonly clock: Clock
  /** Told of every request after it was answered; absent when nobody wants to know, and then it costs nothing. */
  readonly observe?: (exchange: Exchange) => void
}

/** A request, what was answered and why: what an access log is written from. */
export interface Exchange {
  readonly request: DoorRequest
  readonly reply: DoorReply
  readonly client?: Client
  readonly decision?: Decision
  /** Milliseconds until the answer was known; a body is still to be sent then. */
  readonly duration: number
}

/** Longest request target; a name has at most 255 characters and a digest 135, so the rest is for the query. */
const MAX_TARGET = 8192
/** How many stores may be asked for one request; the next request goes on from what these have said. */
const MAX_ASKED = 3

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
  const { pages, view, locate, clock, observe } = parts

  return (request) => {
    const startedAt = observe === undefined ? 0 : clock.now()
    const done = (reply: DoorReply, client?: Client, decision?: Decision): DoorReply => {
      observe?.({
        request,
        reply,
        duration: clock.now() - startedAt,
        ...(client && { client }),
        ...(decision && { decision }),
      })
      return reply
    }

    if (request.method !== 'GET' && request.method !== 'HEAD') return done(METHOD_REFUSED)
    if (request.target.length > MAX_TARGET) return done(TARGET_TOO_LONG)
    const target = parseTarget(request.target)
    if (isFault(target)) return done(faultReply(target, 400))
    if (target.path === '/') return done(page(pages.info))
    if (target.path === '/privacy') return done(page(pages.privacy))
    const oci = parsePath(target.path)
    if (isFault(oci)) return done(faultReply(oci))

    const client = locate(request)
    const finish = (decision: Decision) => {
      const reply = toReply(decision, request, oci, target.query)
      if (reply instanceof Promise) {
        return reply.then((late) => done(explained(late, client, decision), client, decision))
      }
      return done(explained(reply, client, decision), client, decision)
    }
    const current = view()
    const facts: RequestFacts = {
      request: oci,
      query: target.query,
      place: client.located?.place,
      presence: parts.presence.known,
      mayAsk: true,
    }
    const decision = decide(facts, current)
    return decision.kind === 'ask' ? ask(decision, facts, current).then(finish) : finish(decision)
  }

  /** Asks one store after the other, until the decision stands or the client has waited long enough. */
  async function ask(first: Ask, facts: RequestFacts, current: View): Promise<Decision> {
    const verdicts = new Map<Store, Verdict>()
    const presence = (store: Store, digest: Digest) => verdicts.get(store) ?? facts.presence(store, digest)
    const patienceEnds = clock.now() + parts.patience
    let next: Decision | Ask = first
    while (next.kind === 'ask') {
      const answer = parts.presence.has(next.store, next.digest)
      verdicts.set(next.store, await within(patienceEnds - clock.now(), answer))
      const mayAsk = verdicts.size < MAX_ASKED && clock.now() < patienceEnds
      next = decide({ ...facts, presence, mayAsk }, current)
    }
    return next
  }

  function explained(reply: DoorReply, client: Client, decision: Decision): DoorReply {
    if (!parts.debug) return reply
    return { ...reply, headers: { ...reply.headers, 'Portolan-Reason': describeDecision(client, decision) } }
  }

  function within(milliseconds: number, answer: Verdict | Promise<Verdict>): Verdict | Promise<Verdict> {
    if (typeof answer === 'string') return answer
    return new Promise((resolve) => {
      const callOff = clock.after(milliseconds, () => resolve('unknown'))
      answer.then((verdict) => {
        callOff()
        resolve(verdict)
      })
    })
  }

  function toReply(
    decision: Decision,
    request: DoorRequest,
    oci: OciRequest,
    query: string,
  ): DoorReply | Promise<DoorReply> {
    switch (decision.kind) {
      case 'redirect':
        return redirect(decision.location)
      case 'refuse':
        return faultReply(decision.fault)
      case 'answer':
        if (decision.backend === undefined || oci.kind === 'base' || oci.kind === 'catalog')
          return VERSION_REPLY
        return answerContent(parts.content(decision.backend), oci, {
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
