import { PortolanError } from '../errors.ts'
import { isFault } from '../oci/errors.ts'
import type { RelayedRequest } from '../relay/backend-access.ts'
import type { Relay } from '../relay/relay.ts'
import type { Provenance, RelayedRepository } from '../relay/relayed-repository.ts'
import type { Addressed, RepositoryRequest } from '../routing/addressing.ts'
import type { Backend } from '../routing/backend.ts'
import type { Decision } from '../routing/decide.ts'
import type { Client } from '../routing/locate.ts'
import { classOf, RANKED_AS, type RankedClass } from '../routing/request-class.ts'
import { type RoutedRequest, type RouteSources, route } from '../routing/route.ts'
import type { View } from '../routing/view.ts'
import type { Log } from '../telemetry/log.ts'
import { accelRedirect } from './accel-redirect.ts'
import { answerContent } from './answer-content.ts'
import { faultReply } from './fault-reply.ts'
import { type Policy, type RegistryPolicy, registryOf } from './in-force.ts'
import { failureReply } from './relay-failure.ts'
import type { DoorReply } from './reply.ts'
import type { DoorRequest } from './request.ts'
import { staleWarning } from './stale-warning.ts'

/** A request to a mirror for something in a repository. */
export interface MirrorRequest extends Omit<RoutedRequest, 'request' | 'sender'> {
  readonly request: RepositoryRequest
  readonly sender: DoorRequest
}

/** What a mirror answered, and how that came about. */
export interface Mirrored {
  readonly reply: DoorReply
  /** Absent where nobody had to be asked. */
  readonly decision?: Decision
  readonly relayed?: Relayed
}

/** What an access log says of an answer of a mirror. */
export interface Relayed extends Partial<Provenance> {
  /** The host that images name. */
  readonly registry: string
  /** Of the body; 0 where there is none. */
  readonly bytes: number
  /** Why it could not be answered. */
  readonly failure?: string
}

export interface MirrorParts {
  readonly policy: () => Policy
  readonly sources: Omit<RouteSources, 'notice'>
  readonly relay: Relay
  readonly log: Log
}

/** Answers what is asked of a mirror: which registry is meant, whether the client may, and then the relay. */
export function createMirror(parts: MirrorParts): (request: MirrorRequest) => Promise<Mirrored> {
  const { policy } = parts
  return async (request) => {
    const { sender, client } = request
    const { addressing, admission } = policy()
    const addressed = addressing(request.request, request.query, sender.header('host'))
    if (isFault(addressed)) return { reply: withoutBody(faultReply(addressed), request) }
    const { registry } = addressed
    const registryPolicy = registryOf(policy(), registry.host)!
    const { address } = client
    const refused = await admission.refuse({ request: sender, address, registries: [registry] })
    if (refused !== undefined) {
      return { reply: withoutBody(refused, request), relayed: { registry: registry.host, bytes: 0 } }
    }
    return answer(request, addressed, registryPolicy, parts)
  }
}

async function answer(
  request: MirrorRequest,
  addressed: Addressed,
  registry: RegistryPolicy,
  parts: MirrorParts,
): Promise<Mirrored> {
  const choice = new Choice({ ...request, request: addressed.request }, registry, parts)
  const repository = parts.relay.repository(choice)
  let failure: string | undefined
  let bare: DoorReply
  try {
    const { method, query, sender } = request
    const header = (name: string) => sender.header(name)
    // By the name that the client used: what a page of tags leads to is asked of us again.
    bare = await answerContent({ repository: () => repository }, request.request, { method, query, header })
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    failure = error.message
    parts.log.debug(
      { registry: choice.registry, repository: choice.name, error },
      'a mirror could not answer',
    )
    bare = withoutBody(failureReply(error), request)
  }
  const { provenance } = repository
  const headers = { ...withoutSharing(bare.headers), ...headersOf(addressed, repository) }
  const whole = { ...bare, headers }
  const prefix = parts.policy().config.cache?.accelRedirect
  return {
    // Only a trusted proxy is believed when it names a client, and so no client gets this by itself.
    reply: prefix === undefined || request.client.via !== 'header' ? whole : accelRedirect(whole, prefix),
    ...(choice.decision && { decision: choice.decision }),
    relayed: {
      registry: choice.registry,
      bytes: bare.body === undefined ? 0 : Number(bare.headers['Content-Length'] ?? 0),
      ...(failure === undefined && provenance),
      ...(failure !== undefined && { failure }),
    },
  }
}

function headersOf({ by, registry }: Addressed, { provenance }: RelayedRepository): Record<string, string> {
  const stale = provenance?.stale
  return {
    ...(by === 'ns' && { 'OCI-Namespace': registry.host }),
    ...(stale && { Warning: staleWarning(stale) }),
  }
}

/** Who may read it is asked of each client: a proxy on the way must not give to all what it was given for one. */
function withoutSharing({
  'Cache-Control': caching,
  ...headers
}: DoorReply['headers']): DoorReply['headers'] {
  return caching === undefined
    ? headers
    : { ...headers, 'Cache-Control': caching.replace('public', 'private') }
}

function withoutBody({ body, ...head }: DoorReply, { method }: MirrorRequest): DoorReply {
  return method === 'HEAD' || body === undefined ? head : { ...head, body }
}

/** Whom to ask on behalf of one request: decided when somebody has to be asked, and then once. */
class Choice implements RelayedRequest {
  readonly registry: string
  readonly name: RelayedRequest['name']
  /** Absent as long as nobody had to be asked. */
  decision: Decision | undefined
  readonly #request: RoutedRequest & { readonly request: RepositoryRequest }
  readonly #policy: RegistryPolicy
  readonly #parts: MirrorParts
  #backends: Promise<readonly Backend[]> | undefined

  constructor(
    request: RoutedRequest & { readonly request: RepositoryRequest },
    registry: RegistryPolicy,
    parts: MirrorParts,
  ) {
    this.registry = registry.config.host
    this.name = request.request.name
    this.#request = request
    this.#policy = registry
    this.#parts = parts
  }

  readonly backends = (): Promise<readonly Backend[]> => {
    this.#backends ??= this.#choose()
    return this.#backends
  }

  async #choose(): Promise<readonly Backend[]> {
    const { sources } = this.#parts
    const request = this.#request
    const view = () => this.#view()
    this.decision = await route(request, { ...sources, ...RELAYED, view })
    const backend = this.decision.kind === 'refuse' ? undefined : this.decision.backend
    return inOrder(backend, view(), request.client, classOf(request.request) as RankedClass, (other) => {
      return mayBeAsked(request.request) && sources.known(other, request.request) === 'absent'
    })
  }

  /** That of the moment; a registry that a reload has taken away is as it was. */
  #view(): View {
    return (registryOf(this.#parts.policy(), this.registry) ?? this.#policy).view
  }
}

/** A mirror moves no client: what it fetches elsewhere while a backend is down is bounded by its own limits. */
export const RELAYED = {
  delivery: 'relay',
  listed: () => undefined,
  spill: { maySpill: () => true, overSpill: 'canonical' },
} as const

/** The one that was chosen, the others that may have it, and the canonical upstream, which is better than nothing. */
function inOrder(
  chosen: Backend | undefined,
  view: View,
  client: Client,
  requestClass: RankedClass,
  isAbsent: (backend: Backend) => boolean,
): readonly Backend[] {
  const others = view
    .candidates(client.located?.place)
    [RANKED_AS[requestClass]].filter(({ backend, usable }) => usable && !isAbsent(backend))
    .map(({ backend }) => backend)
  return [
    ...new Set([
      ...(chosen ? [chosen] : []),
      ...others.filter((each) => each !== view.canonical),
      view.canonical,
    ]),
  ]
}

/** Of lists, nothing is remembered by backends. */
function mayBeAsked({ kind }: RepositoryRequest): boolean {
  return kind === 'blob' || kind === 'manifest'
}
