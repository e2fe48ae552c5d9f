import { suggestion } from '../config/suggestion.ts'
import { isVerifiable } from '../oci/digest.ts'
import { isFault, type OciFault } from '../oci/errors.ts'
import type { OciRequest } from '../oci/path.ts'
import type { Backend } from '../routing/backend.ts'
import { type ExplainedHealth, type Explanation, explain } from '../routing/explanation.ts'
import { parseRequest } from '../routing/parse-request.ts'
import { policiesOf } from '../routing/policy.ts'
import { type RouteSources, route } from '../routing/route.ts'
import { answerTagList } from './answer-tag-list.ts'
import { type ExplainedFrom, senderOf } from './explained-client.ts'
import { type Policy, registryOf } from './in-force.ts'
import { explainOldName } from './legacy/explain-old-name.ts'
import type { DecidedByOldName, OldName } from './legacy/old-name.ts'
import { RELAYED } from './relay-choice.ts'
import type { TagLists } from './tag-lists.ts'

/** A request to explain, as a client at `from` would send it. */
export interface ExplainRequest {
  readonly method: 'GET' | 'HEAD'
  /** Raw path and query, such as `/v2/pause/manifests/3.9`. */
  readonly target: string
  readonly from: ExplainedFrom
  /** The name by which the door is asked; absent for that of today. */
  readonly host?: string | undefined
  /** Backends that are taken to be down, by their ids. */
  readonly down?: readonly string[]
  /** Whether backends are asked what they hold, as they are for a real request. */
  readonly ask: boolean
}

/** Explains one request on what is in force and known now; gives a fault for what the door would refuse to read. */
export type Explainer = (request: ExplainRequest) => Promise<Explanation | OciFault>

export interface ExplainerParts {
  readonly policy: () => Policy
  /** The same as the door's, without what is counted or noticed. */
  readonly sources: Omit<RouteSources, 'notice'>
  readonly tagLists: Pick<TagLists, 'list' | 'remembered'>
  readonly oldName: Pick<OldName, 'isMeant' | 'decide'>
  /** Where nobody can be asked how they are: every backend counts as well, and as one that holds everything. */
  readonly offline?: boolean
}

/** Decides as the door does, but counts nothing and redirects nobody. */
export function createExplainer(parts: ExplainerParts): Explainer {
  const { policy, sources, tagLists, oldName, offline = false } = parts
  const { inquire, ...withoutAsking } = sources
  const known: RouteSources['known'] = offline ? () => 'present' : sources.known
  return async ({ method, target, from, ask, host, down = [] }) => {
    const unknown = down.find((id) => !policy().backends.all.some((live) => live.id === id))
    if (unknown !== undefined) return noBackend(unknown, policy())
    const parsed = parseRequest(method, target)
    if (parsed.kind === 'page') return NO_REQUEST
    if (parsed.kind === 'refused') return parsed.fault
    const { query } = parsed
    const meant = meantBy(parsed.request, query, policy())
    if (isFault(meant)) return meant
    const { registry } = meant
    const client = policy().locate(senderOf(from))
    const old = oldName.isMeant({ header: () => host }) ? oldName.decide(parsed, client) : undefined
    const request = old === undefined ? meant.request : frozenBy(old, meant.request)
    const isAsItIs = down.length === 0 && !offline
    const routed = { method, request, query, client }
    const viewOf = () => {
      const of = registryOf(policy(), registry) ?? policy()
      return isAsItIs ? of.view : of.viewWith(down, offline ? 'up' : 'as-they-are')
    }
    const mayAsk = ask && !offline
    const asked = {
      ...withoutAsking,
      ...(registry !== undefined && RELAYED),
      known,
      view: viewOf,
      ...(mayAsk && inquire && { inquire }),
    }
    const decided = await route(routed, asked)
    const list: TagLists['list'] = (upstream, name) =>
      tagLists[mayAsk ? 'list' : 'remembered'](upstream, name)
    const decision = await answerTagList(decided, request, { list })
    return explain({
      method,
      target,
      request,
      ...(registry !== undefined && { registry }),
      client,
      candidates: viewOf().candidates(
        client.located?.place,
        client.address,
        'name' in request ? request.name : undefined,
      ),
      policies: policiesOf(policy().config),
      closed: policy().closed,
      decision,
      ...(old && { oldName: explainOldName(old, decision) }),
      ...(request.kind === 'tags' && { tags: mayAsk ? 'not-had' : 'not-asked' }),
      presence: (backend) => (canBeAsked(request) ? known(backend, request) : undefined),
      health: (backend) => {
        if (down.includes(backend.id)) return TAKEN_AS_DOWN
        return offline ? ASSUMED : healthOf(backend, policy())
      },
    })
  }
}

/** What is asked for by an old name, where tags have become what they stand for. */
function frozenBy({ treatment }: DecidedByOldName, request: OciRequest): OciRequest {
  return treatment.kind === 'pass' || treatment.kind === 'serve' ? treatment.request : request
}

/** What is asked for, and of a mirror the host of the registry that is meant. */
interface Meant {
  readonly request: OciRequest
  readonly registry?: string
}

/** As a client would say it: in the query, or in the name. */
function meantBy(request: OciRequest, query: string, { config, addressing }: Policy): Meant | OciFault {
  if (config.delivery !== 'relay' || request.kind === 'base' || request.kind === 'catalog') return { request }
  const addressed = addressing(request, query, undefined)
  return isFault(addressed) ? addressed : { request: addressed.request, registry: addressed.registry.host }
}

const NO_REQUEST: OciFault = {
  code: 'UNSUPPORTED',
  message: 'this is a page, and no request for an image',
}

const TAKEN_AS_DOWN: ExplainedHealth = { status: 'assumed', isUsable: false, lastFailure: 'taken to be down' }
const ASSUMED: ExplainedHealth = { status: 'assumed', isUsable: true }

function noBackend(id: string, { backends }: Policy): OciFault {
  const ids = backends.all.map((live) => live.id)
  const message = `there is no backend ${JSON.stringify(id)}${suggestion(id, ids)}; there are ${ids.join(', ')}`
  return { code: 'UNSUPPORTED', message }
}

function healthOf(backend: Backend, { backends }: Policy): ExplainedHealth {
  const live = backends.of(backend)
  if (live === undefined) return { status: 'pending', isUsable: false }
  const { status, lastFailure } = live.state.health
  return {
    status: live.isLocal ? 'local' : status,
    isUsable: live.isUsable,
    ...(lastFailure !== undefined && { lastFailure }),
  }
}

/** Lists cannot be asked for, and nobody could check content of other algorithms. */
function canBeAsked(request: OciRequest): boolean {
  if (request.kind === 'blob') return isVerifiable(request.digest)
  return request.kind === 'manifest' && (!request.byDigest || isVerifiable(request.reference))
}
