import { type Address, formatAddress } from '../net/address.ts'
import { isVerifiable } from '../oci/digest.ts'
import type { OciFault } from '../oci/errors.ts'
import type { OciRequest } from '../oci/path.ts'
import type { Backend } from '../routing/backend.ts'
import { type ExplainedHealth, type Explanation, explain } from '../routing/explanation.ts'
import { parseRequest } from '../routing/parse-request.ts'
import { type RouteSources, route } from '../routing/route.ts'
import type { Policy } from './in-force.ts'

/** A request to explain, as a client at `from` would send it. */
export interface ExplainRequest {
  readonly method: 'GET' | 'HEAD'
  /** Raw path and query, such as `/v2/pause/manifests/3.9`. */
  readonly target: string
  readonly from: Address
  /** Whether backends are asked what they hold, as they are for a real request. */
  readonly ask: boolean
}

/** Explains one request on what is in force and known now; gives a fault for what the door would refuse to read. */
export type Explainer = (request: ExplainRequest) => Promise<Explanation | OciFault>

export interface ExplainerParts {
  readonly policy: () => Policy
  /** The same as the door's, without what is counted or noticed. */
  readonly sources: Omit<RouteSources, 'notice'>
}

/** Decides as the door does, but counts nothing and redirects nobody. */
export function createExplainer({ policy, sources }: ExplainerParts): Explainer {
  const { inquire: _, ...withoutAsking } = sources
  return async ({ method, target, from, ask }) => {
    const parsed = parseRequest(method, target)
    if (parsed.kind === 'page') return NO_REQUEST
    if (parsed.kind === 'refused') return parsed.fault
    const { request, query } = parsed
    const client = policy().locate({ peer: formatAddress(from), header: () => undefined })
    const routed = { method, request, query, client }
    const decision = await route(routed, ask ? sources : withoutAsking)
    return explain({
      method,
      target,
      request,
      client,
      candidates: policy().view.candidates(client.located?.place),
      decision,
      presence: (backend) => (canBeAsked(request) ? sources.known(backend, request) : undefined),
      health: (backend) => healthOf(backend, policy()),
    })
  }
}

const NO_REQUEST: OciFault = {
  code: 'UNSUPPORTED',
  message: 'this is a page, and no request for an image',
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
