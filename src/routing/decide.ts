import type { Place } from '../clouds/place.ts'
import { type Digest, isVerifiable } from '../oci/digest.ts'
import type { OciFault } from '../oci/errors.ts'
import { isSignatureTag } from '../oci/name.ts'
import type { OciRequest } from '../oci/path.ts'
import { type Backend, blobLocation, type Store, type Upstream, upstreamLocation } from './backend.ts'
import type { Candidate } from './candidates.ts'
import type { View } from './view.ts'

/** What is known about "does this store hold this digest"; `unknown` when the store could not or did not say. */
export type Verdict = 'present' | 'absent' | 'unknown'

/** What a decision is made from. */
export interface RequestFacts {
  readonly request: OciRequest
  /** Raw, with its `?`, or empty. */
  readonly query: string
  /** Where the client is; `undefined` for somewhere. */
  readonly place: Place | undefined
  /** What is known without asking; `undefined` when the store has not been asked lately. */
  presence(store: Store, digest: Digest): Verdict | undefined
  /** Whether a store may still be asked on behalf of this request. */
  readonly mayAsk: boolean
}

/** Why a decision came out as it did: a closed set, fit for a metric label. */
export type Reason =
  | 'version-check'
  | 'no-catalog'
  | 'nearest-upstream'
  | 'signature-canonical'
  | 'unknown-algorithm'
  | 'store-present'
  | 'upstream-preferred'
  | 'blob-absent'
  | 'blob-unknown'

/** A candidate that ranked higher than the one taken, and why it was passed over. */
export interface PassedOver {
  readonly candidate: Candidate
  readonly because: 'absent' | 'unknown' | 'not-asked' | 'unknown-algorithm'
}

interface Decided {
  readonly reason: Reason
  readonly passedOver: readonly PassedOver[]
}

/** Send the client to a backend. */
export interface Redirect extends Decided {
  readonly kind: 'redirect'
  readonly backend: Backend
  readonly location: string
}

/** Answer here: for an upstream that lives on our disk, or (none) for the door itself. */
export interface Answer extends Decided {
  readonly kind: 'answer'
  readonly backend?: Upstream
}

/** Refuse, in the words of the OCI spec. */
export interface Refuse extends Decided {
  readonly kind: 'refuse'
  readonly fault: OciFault
}

export type Decision = Redirect | Answer | Refuse

/** No decision yet: whether this store holds the digest must be asked first. */
export interface Ask {
  readonly kind: 'ask'
  readonly store: Store
  readonly digest: Digest
}

const NOTHING: readonly PassedOver[] = []
const VERSION: Answer = { kind: 'answer', reason: 'version-check', passedOver: NOTHING }
const NO_CATALOG: Refuse = {
  kind: 'refuse',
  reason: 'no-catalog',
  passedOver: NOTHING,
  fault: { code: 'UNSUPPORTED', message: 'this registry does not list its repositories' },
}

/** Decides where a request goes. Pure: the same facts and view give the same decision. */
export function decide(facts: RequestFacts, view: View): Decision | Ask {
  const { request } = facts
  switch (request.kind) {
    case 'blob':
      return decideBlob(request, facts, view)
    case 'manifest':
      if (!request.byDigest && isSignatureTag(request.reference)) return toCanonical(facts, view)
      return toNearest(facts, view)
    case 'tags':
      return toNearest(facts, view)
    case 'referrers':
      return toCanonical(facts, view)
    case 'base':
      return VERSION
    case 'catalog':
      return NO_CATALOG
  }
}

function decideBlob(request: OciRequest & { kind: 'blob' }, facts: RequestFacts, view: View): Decision | Ask {
  const { digest } = request
  const { blob } = view.candidates(facts.place)
  const verifiable = isVerifiable(digest)
  let passedOver: PassedOver[] | undefined
  for (const candidate of blob) {
    const { backend } = candidate
    if (backend.kind === 'upstream') return toUpstream(backend, blobReason(passedOver), facts, passedOver)
    const verdict = verifiable ? facts.presence(backend, digest) : 'unknown'
    if (verdict === 'present') {
      return {
        kind: 'redirect',
        backend,
        location: blobLocation(backend, digest),
        reason: 'store-present',
        passedOver: passedOver ?? NOTHING,
      }
    }
    if (verdict === undefined && facts.mayAsk) return { kind: 'ask', store: backend, digest }
    passedOver ??= []
    passedOver.push({ candidate, because: verifiable ? (verdict ?? 'not-asked') : 'unknown-algorithm' })
  }
  return toUpstream(view.canonical, blobReason(passedOver), facts, passedOver)
}

/** Why a blob goes to an upstream: the surest fact about the stores before it. */
function blobReason(passedOver: readonly PassedOver[] | undefined): Reason {
  if (passedOver === undefined) return 'upstream-preferred'
  if (passedOver.some((passed) => passed.because === 'unknown-algorithm')) return 'unknown-algorithm'
  return passedOver.every((passed) => passed.because === 'absent') ? 'blob-absent' : 'blob-unknown'
}

function toNearest(facts: RequestFacts, view: View): Decision {
  const nearest = view.candidates(facts.place).manifest[0]
  return toUpstream(nearest?.backend ?? view.canonical, 'nearest-upstream', facts)
}

function toCanonical(facts: RequestFacts, view: View): Decision {
  return toUpstream(view.canonical, 'signature-canonical', facts)
}

function toUpstream(
  upstream: Upstream,
  reason: Reason,
  { request, query }: RequestFacts,
  passedOver: readonly PassedOver[] = NOTHING,
): Decision {
  const { url } = upstream
  if (url === undefined) return { kind: 'answer', backend: upstream, reason, passedOver }
  return {
    kind: 'redirect',
    backend: upstream,
    location: upstreamLocation(url, upstream.prefix, request, query),
    reason,
    passedOver,
  }
}
