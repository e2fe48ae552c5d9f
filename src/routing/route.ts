import type { OciRequest } from '../oci/path.ts'
import type { Backend } from './backend.ts'
import { type Ask, type Decision, decide, type Presence, type RequestFacts } from './decide.ts'
import type { Client } from './locate.ts'
import type { View } from './view.ts'

/** A request that is to be decided. */
export interface RoutedRequest {
  readonly method: 'GET' | 'HEAD'
  readonly request: OciRequest
  /** Raw, with its `?`, or empty. */
  readonly query: string
  readonly client: Client
}

/** Where a decision gets its facts. */
export interface RouteSources {
  /** The view of the moment: asked for again after each wait, so that nobody is sent by a view from before it. */
  view(): View
  readonly known: RequestFacts['presence']
  readonly listed: RequestFacts['listed']
  readonly spill: Pick<RequestFacts, 'maySpill' | 'overSpill'>
  /** Begins to ask backends on behalf of one request; absent where nobody is to be asked. */
  readonly inquire?: () => Inquiry
  /**
   * Told of each decision; gives a promise when something has to be found out first, after whose end it is decided anew.
   * Absent where there is nobody to be noticed.
   */
  readonly notice?: (request: RoutedRequest, decision: Decision) => Promise<unknown> | undefined
}

/** What one request may ask of backends: within a time budget, all together. */
export interface Inquiry {
  /** `unknown` when there is no answer within what is left of the budget. Never rejects. */
  ask(backend: Backend, request: OciRequest): Presence | Promise<Presence>
  /** Whether the budget is used up. */
  readonly isOver: boolean
}

/** How many backends may be asked for one request; the next request goes on from what these have said. */
const MAX_ASKED = 3

/**
 * The one way from a request to a decision: synchronous when everything is known. A request that has waited is decided
 * by the view and by what is known at the moment in which it goes on.
 */
export function route(request: RoutedRequest, sources: RouteSources): Decision | Promise<Decision> {
  const facts = factsOf(request, sources)
  const decision = decide(facts, sources.view())
  if (decision.kind === 'ask') {
    return inquire(decision, facts, sources).then((late) => {
      // Only noted: this client has waited enough, and the backend has just said that it has the content.
      sources.notice?.(request, late)
      return late
    })
  }
  const found = sources.notice?.(request, decision)
  return found === undefined ? decision : found.then(() => decideWithoutAsking(facts, sources))
}

function factsOf({ method, request, query, client }: RoutedRequest, sources: RouteSources): RequestFacts {
  const { spill } = sources
  return {
    method,
    request,
    query,
    place: client.located?.place,
    presence: sources.known,
    listed: sources.listed,
    mayAsk: sources.inquire !== undefined,
    maySpill: spill.maySpill,
    overSpill: spill.overSpill,
  }
}

/** Asks one backend after the other, until the decision stands or the client has waited long enough. */
async function inquire(first: Ask, facts: RequestFacts, sources: RouteSources): Promise<Decision> {
  const { request } = facts
  const answers = new Map<Backend, Presence>()
  const presence = (backend: Backend) => answers.get(backend) ?? facts.presence(backend, request)
  const inquiry = sources.inquire!()
  let next: Decision | Ask = first
  while (next.kind === 'ask') {
    answers.set(next.backend, await inquiry.ask(next.backend, request))
    const mayAsk = answers.size < MAX_ASKED && !inquiry.isOver
    next = decide({ ...facts, presence, mayAsk }, sources.view())
  }
  return next
}

function decideWithoutAsking(facts: RequestFacts, sources: RouteSources): Decision {
  const decision = decide({ ...facts, mayAsk: false }, sources.view())
  if (decision.kind === 'ask') throw new TypeError('a decision that may not ask has asked')
  return decision
}
