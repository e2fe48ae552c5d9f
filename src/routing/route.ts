import type { OciRequest } from '../oci/path.ts'
import type { Backend } from './backend.ts'
import { type Ask, type Decision, decide, type Presence, type RequestFacts } from './decide.ts'
import type { Client, Sender } from './locate.ts'
import type { View } from './view.ts'

/** A request that is to be decided. */
export interface RoutedRequest {
  readonly method: 'GET' | 'HEAD'
  readonly request: OciRequest
  /** Raw, with its `?`, or empty. */
  readonly query: string
  readonly client: Client
  /** Whose headers may be looked at; absent where there are none, as for an explanation. */
  readonly sender?: Sender
}

/** Where a decision gets its facts. */
export interface RouteSources {
  /** The view of the moment: asked for again after each wait, so that nobody is sent by a view from before it. */
  view(): View
  readonly known: RequestFacts['presence']
  readonly listed: RequestFacts['listed']
  readonly spill: Pick<RequestFacts, 'maySpill' | 'overSpill'>
  readonly delivery?: 'redirect' | 'relay'
  /** Begins to ask backends on behalf of one request; absent where nobody is to be asked. */
  readonly inquire?: (client: Client) => Inquiry
  /** Told of each decision; absent where there is nobody to be noticed. */
  readonly notice?: (request: RoutedRequest, decision: Decision) => Notice | undefined
}

/** What was noticed of a client that is about to be sent somewhere; the request is then decided anew. */
export type Notice =
  /** It came back from this store: it is sent to the next candidate, or past all stores. */
  | { readonly kind: 'move'; readonly past: 'this' | 'all' }
  /** Something is being found out that it should wait for. The promise must not reject. */
  | { readonly kind: 'wait'; readonly until: () => Promise<unknown> }

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
  return follow(request, factsOf(request, sources), sources)
}

/** Decides, and lets be noticed what was decided; each move passes over one store more, so that this ends. */
function follow(
  request: RoutedRequest,
  facts: RequestFacts,
  sources: RouteSources,
): Decision | Promise<Decision> {
  const decision = decide(facts, sources.view())
  if (decision.kind === 'ask') {
    return inquire(decision, facts, request.client, sources).then((late) =>
      settle(request, facts, late, sources),
    )
  }
  const found = sources.notice?.(request, decision)
  if (found === undefined) return decision
  if (found.kind === 'wait') {
    return found.until().then(() => {
      const late = decideWithoutAsking(facts, sources)
      // Noticed once already, it would count as another try where it is sent after all.
      return backendOf(late) === backendOf(decision) ? late : settle(request, facts, late, sources)
    })
  }
  return follow(request, moved(facts, decision, found, sources), sources)
}

/** Lets be noticed what was decided for a client that has waited: it may be moved, but waits no more. */
function settle(
  request: RoutedRequest,
  facts: RequestFacts,
  decision: Decision,
  sources: RouteSources,
): Decision {
  const found = sources.notice?.(request, decision)
  if (found?.kind !== 'move') return decision
  const next = moved(facts, decision, found, sources)
  return settle(request, next, decideWithoutAsking(next, sources), sources)
}

function backendOf(decision: Decision): Backend | undefined {
  return decision.kind === 'redirect' ? decision.backend : undefined
}

/** The facts of a client that came back from where it was about to be sent. */
function moved(
  facts: RequestFacts,
  decision: Decision,
  { past }: Notice & { kind: 'move' },
  sources: RouteSources,
): RequestFacts {
  const avoid = new Set(facts.avoid)
  if (decision.kind === 'redirect') avoid.add(decision.backend)
  if (past === 'all') {
    const { place, address, request } = facts
    const repository = 'name' in request ? request.name : undefined
    for (const { backend } of sources.view().candidates(place, address, repository).blob) {
      if (backend.kind === 'store') avoid.add(backend)
    }
  }
  return { ...facts, avoid }
}

function factsOf({ method, request, query, client }: RoutedRequest, sources: RouteSources): RequestFacts {
  const { spill } = sources
  return {
    method,
    request,
    query,
    place: client.located?.place,
    address: client.address,
    presence: sources.known,
    listed: sources.listed,
    mayAsk: sources.inquire !== undefined,
    maySpill: spill.maySpill,
    overSpill: spill.overSpill,
    ...(sources.delivery && { delivery: sources.delivery }),
  }
}

/** Asks one backend after the other, until the decision stands or the client has waited long enough. */
async function inquire(
  first: Ask,
  facts: RequestFacts,
  client: Client,
  sources: RouteSources,
): Promise<Decision> {
  const { request } = facts
  const answers = new Map<Backend, Presence>()
  const presence = (backend: Backend) => answers.get(backend) ?? facts.presence(backend, request)
  const inquiry = sources.inquire!(client)
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
