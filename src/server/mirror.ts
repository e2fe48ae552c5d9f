import type { Config } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import { isFault } from '../oci/errors.ts'
import type { RegistryReader } from '../registry/reader.ts'
import type { Relay } from '../relay/relay.ts'
import type { Provenance } from '../relay/relayed-repository.ts'
import type { Addressed, RepositoryRequest } from '../routing/addressing.ts'
import type { Decision } from '../routing/decide.ts'
import type { RoutedRequest, RouteSources } from '../routing/route.ts'
import type { Log } from '../telemetry/log.ts'
import { accelRedirect } from './accel-redirect.ts'
import { answerContent } from './answer-content.ts'
import { forMethod } from './bare-reply.ts'
import { faultReply } from './fault-reply.ts'
import { type Policy, type RegistryPolicy, registryOf } from './in-force.ts'
import { Choice } from './relay-choice.ts'
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
    if (isFault(addressed)) return { reply: forMethod(request.method, faultReply(addressed)) }
    const { registry } = addressed
    const registryPolicy = registryOf(policy(), registry.host)!
    const { address } = client
    const refused = await admission.refuse({ request: sender, address, registries: [registry] })
    if (refused !== undefined) {
      return { reply: forMethod(request.method, refused), relayed: { registry: registry.host, bytes: 0 } }
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
  const local = await localContent(choice, registry, parts)
  const repository = parts.relay.repository(choice)
  const content: RegistryReader = {
    repository: () => (local === undefined ? repository : local.repository(choice.name)),
  }
  const { reply: bare, failure } = await read(request, content, parts.log)
  const { provenance } = repository
  const headers = { ...withoutSharing(bare.headers), ...headersOf(addressed, provenance) }
  return {
    reply: forProxy({ ...bare, headers }, request, parts.policy().config),
    ...(choice.decision && { decision: choice.decision }),
    relayed: {
      registry: choice.registry,
      bytes: bare.body === undefined ? 0 : Number(bare.headers['Content-Length'] ?? 0),
      ...(failure === undefined ? provenance : { failure }),
    },
  }
}

/** What is there is answered as from any registry; why it is not there is told as far as it is a client's affair. */
async function read(
  request: MirrorRequest,
  content: RegistryReader,
  log: Log,
): Promise<{ readonly reply: DoorReply; readonly failure?: string }> {
  const { method, query, sender } = request
  const header = (name: string) => sender.header(name)
  try {
    // By the name that the client used: what a page of tags leads to is asked of us again.
    return { reply: await answerContent(content, request.request, { method, query, header }) }
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    log.debug({ target: sender.target, error }, 'a mirror could not answer')
    return { reply: forMethod(request.method, failureReply(error)), failure: error.message }
  }
}

/** Only a trusted proxy is believed when it names a client, and so no client gets such an answer by itself. */
function forProxy(reply: DoorReply, { client }: MirrorRequest, { cache }: Config): DoorReply {
  const prefix = cache?.accelRedirect
  return prefix === undefined || client.via !== 'header' ? reply : accelRedirect(reply, prefix)
}

/** What lies on our own disk is answered from there, and no second time on the same disk. */
async function localContent(
  choice: Choice,
  { config: { upstreams, stores } }: RegistryPolicy,
  { policy }: MirrorParts,
): Promise<RegistryReader | undefined> {
  const { contents } = policy()
  if (stores.length > 0 || !upstreams.every((id) => contents.has(id))) return undefined
  const [first] = await choice.backends()
  return first && contents.get(first.id)
}

function headersOf({ by, registry }: Addressed, provenance: Provenance | undefined): Record<string, string> {
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
