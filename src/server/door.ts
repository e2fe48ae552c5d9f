import type { OciRequest } from '../oci/path.ts'
import { mayMean } from '../routing/addressing.ts'
import type { Decision } from '../routing/decide.ts'
import type { Client } from '../routing/locate.ts'
import { type ParsedRequest, parseRequest } from '../routing/parse-request.ts'
import { type RouteSources, route } from '../routing/route.ts'
import type { Runtime } from '../runtime.ts'
import type { Admission } from './admission/admission.ts'
import { answerContent } from './answer-content.ts'
import { answerListed } from './answer-listed.ts'
import { answerTagList, type TagSource } from './answer-tag-list.ts'
import { answerTags } from './answer-tags.ts'
import { forMethod, redirect } from './bare-reply.ts'
import { faultReply } from './fault-reply.ts'
import type { Policy } from './in-force.ts'
import type { AskedByOldName, OldName, Treated } from './legacy/old-name.ts'
import type { Mirrored, MirrorRequest, Relayed } from './mirror.ts'
import type { DoorReply } from './reply.ts'
import type { Door, DoorRequest } from './request.ts'
import { createRequestIds } from './request-id.ts'

export interface DoorParts {
  /** What is in force; asked for again after each wait. */
  readonly policy: () => Policy
  readonly sources: RouteSources
  /** Lists of tags that are not answered by their upstreams. */
  readonly tagLists: TagSource
  /** Told of each decision about a backend that is down. */
  readonly countSpill: (decision: Decision) => void
  /** Answers in place of backends; absent where clients are redirected. */
  readonly mirror?: ((request: MirrorRequest) => Promise<Mirrored>) | undefined
  /** Answers what is asked by an old name, as far as that has an answer of its own; absent where there may be none. */
  readonly oldName?: OldName
  /** Whoever wants to be told of every request after it was answered; none, and then it costs nothing. */
  readonly observer: () => ((exchange: Exchange) => void) | undefined
  readonly runtime: Pick<Runtime, 'now' | 'random'>
}

/** A request, what was answered and why: what an access log is written from. */
export interface Exchange {
  /** What the door calls this request, in its log and, with `debug`, in its reply; worded when first asked. */
  readonly id: () => string
  readonly request: DoorRequest
  readonly reply: DoorReply
  readonly client: Client | undefined
  /** Absent when it was no request of the OCI spec. */
  readonly oci: OciRequest | undefined
  readonly decision: Decision | undefined
  /** Of a mirror: whose content it was, and how it came about; absent where it was none. */
  readonly relayed?: Relayed | undefined
  /** By which old name it was asked, and what became of it there; absent for the name of today. */
  readonly asked?: AskedByOldName | undefined
  /** Milliseconds until the answer was known; a body is still to be sent then. */
  readonly duration: number
}

/** Of an answer: who asked, for what, what was decided, and how a mirror came by it. */
type Explained = [
  client?: Client,
  oci?: OciRequest,
  decision?: Decision | undefined,
  relayed?: Relayed | undefined,
]

type OciParsed = ParsedRequest & { kind: 'oci' }

/** Spill is counted by the minute, so within one there is place again. */
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
  const { runtime, sources } = parts
  const nextId = createRequestIds(runtime)

  return (request) => {
    const observe = parts.observer()
    const startedAt = observe === undefined ? 0 : runtime.now()
    const policy = parts.policy()
    const { debug } = policy.config
    let named: string | undefined
    const id = () => {
      named ??= nextId()
      return named
    }
    const old = parts.oldName?.isMeant(request) ? parts.oldName : undefined
    let asked: AskedByOldName | undefined
    const done = (bare: DoorReply, ...[client, oci, decision, relayed]: Explained): DoorReply => {
      const reply = debug ? explained(bare, id(), client, decision) : bare
      if (observe !== undefined) {
        const duration = runtime.now() - startedAt
        observe({ id, request, reply, client, oci, decision, relayed, asked, duration })
      }
      return reply
    }
    const read = parseRequest(request.method, request.target)
    if (read.kind !== 'oci') {
      const page = read.kind === 'page' && read.page === 'info' ? old?.page(request) : undefined
      asked = page?.asked
      return done(forMethod(request.method, page?.reply ?? replyWithoutRoute(read, policy)))
    }
    const client = policy.locate(request)
    const treated = old?.treat(request, read, client)
    asked = treated?.asked
    const parsed = treated === undefined ? read : { ...read, request: treated.request }
    const { method, request: oci, query } = parsed
    if (parts.mirror !== undefined && oci.kind !== 'base' && oci.kind !== 'catalog') {
      return parts
        .mirror({ method, request: oci, query, client, sender: request })
        .then(({ reply, decision, relayed }) => done(reply, client, oci, decision, relayed))
    }
    const complete = (decision: Decision) => {
      const reply = toReply(decision, request, parsed, parts)
      const whole = (bare: DoorReply) => done(withHeaders(bare, treated), client, oci, decision)
      return reply instanceof Promise ? reply.then(whole) : whole(reply)
    }
    const finish = (decided: Decision) => {
      if (decided.movedFrom !== undefined) parts.countSpill(decided)
      const decision = answerTagList(decided, oci, parts.tagLists)
      return decision instanceof Promise ? decision.then(complete) : complete(decision)
    }
    const answer = () => {
      const decision = route({ method, request: oci, query, client, sender: request }, sources)
      return decision instanceof Promise ? decision.then(finish) : finish(decision)
    }
    const admit = (refused: DoorReply | undefined) =>
      refused === undefined ? answer() : done(forMethod(method, refused), client, oci)
    if (treated?.reply !== undefined) {
      const otherwise = () => {
        asked = { ...treated.asked, answer: 'pass' }
        return answer()
      }
      return answerByOldName(treated.reply, otherwise, ({ reply, decision }) =>
        done(withHeaders(reply, treated), client, oci, decision),
      )
    }
    const refused = refuseOutside(request, parsed, client, policy)
    return refused instanceof Promise ? refused.then(admit) : admit(refused)
  }
}

/** Where an old name has no answer after all, its clients are answered as any others. */
function answerByOldName(
  reply: NonNullable<Treated['reply']>,
  answer: () => DoorReply | Promise<DoorReply>,
  done: (own: Mirrored) => DoorReply,
): DoorReply | Promise<DoorReply> {
  if (!(reply instanceof Promise)) return done({ reply })
  return reply.then((own) => (own === undefined ? answer() : done(own)))
}

function withHeaders(reply: DoorReply, treated: Treated | undefined): DoorReply {
  return treated === undefined ? reply : { ...reply, headers: { ...reply.headers, ...treated.headers } }
}

/** Asks who a client of a mirror is that names no repository: by that, clients find out whether they need a login. */
function refuseOutside(
  request: DoorRequest,
  { request: { kind }, query }: OciParsed,
  { address }: Client,
  { config, admission }: Policy,
): ReturnType<Admission['refuse']> {
  if (kind !== 'base' && kind !== 'catalog') return undefined
  const registries = mayMean(config.registries, query, request.header('host'))
  return admission.refuse({ request, address, registries })
}

/** What is answered to what is no request of the OCI spec. */
function replyWithoutRoute(parsed: Exclude<ParsedRequest, OciParsed>, policy: Policy): DoorReply {
  if (parsed.kind === 'page') return replyToPage(parsed.page, policy) ?? NO_PAGE
  switch (parsed.because) {
    case 'method':
      return faultReply(parsed.fault, 405, { Allow: 'GET, HEAD' })
    case 'length':
      return faultReply(parsed.fault, 414)
    case 'target':
      return faultReply(parsed.fault, 400)
    case 'path':
      return faultReply(parsed.fault)
  }
}

function replyToPage(
  page: (ParsedRequest & { kind: 'page' })['page'],
  { config, endpoints }: Policy,
): DoorReply | undefined {
  if (page === 'endpoints' || page === 'endpoints-signature') return endpoints?.reply(page)
  const url = config.pages[page]
  return url === undefined ? undefined : redirect(url)
}

function toReply(
  decision: Decision,
  request: DoorRequest,
  { request: oci, query }: OciParsed,
  { policy }: DoorParts,
): DoorReply | Promise<DoorReply> {
  switch (decision.kind) {
    case 'redirect':
      return redirect(decision.location)
    case 'relay':
      throw new TypeError('only a mirror relays')
    case 'refuse':
      return decision.reason === 'spill-exceeded'
        ? faultReply(decision.fault, 429, { 'Retry-After': RETRY_AFTER })
        : faultReply(decision.fault)
    case 'answer': {
      if (decision.listed !== undefined) return answerListed(decision.listed, oci)
      if (decision.tags !== undefined && oci.kind === 'tags')
        return forMethod(request.method, answerTags(oci.name, decision.tags, query))
      if (decision.backend === undefined || oci.kind === 'base' || oci.kind === 'catalog')
        return VERSION_REPLY
      const { method } = request
      const header = (name: string) => request.header(name)
      return answerContent(policy().contents.get(decision.backend.id)!, oci, { method, query, header })
    }
  }
}

function explained(reply: DoorReply, id: string, client?: Client, decision?: Decision): DoorReply {
  const headers = { ...reply.headers, 'Portolan-Request-Id': id }
  return client === undefined || decision === undefined
    ? { ...reply, headers }
    : { ...reply, headers: { ...headers, 'Portolan-Reason': describeDecision(client, decision) } }
}

/** A decision in one line of printable ASCII, nothing of it written by a client. */
function describeDecision({ located, via }: Client, { reason, passedOver }: Decision): string {
  const client = located === undefined ? `somewhere (${via})` : `${located.place.name} (${located.source})`
  const passed = passedOver.map(({ candidate, because }) => `; ${candidate.backend.id} ${because}`).join('')
  return `${reason}; client ${client}${passed}`
}

const NO_PAGE = faultReply({
  code: 'UNSUPPORTED',
  message: 'no page is configured here; this is a container registry',
})
