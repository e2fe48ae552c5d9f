import type { Place } from '../clouds/place.ts'
import type { Address } from '../net/address.ts'
import { isVerifiable } from '../oci/digest.ts'
import type { OciFault } from '../oci/errors.ts'
import type { Tag } from '../oci/name.ts'
import type { OciRequest } from '../oci/path.ts'
import type { RepositoryRequest } from './addressing.ts'
import {
  type Backend,
  blobLocation,
  manifestLocation,
  type Store,
  type Upstream,
  upstreamLocation,
} from './backend.ts'
import type { Candidate } from './candidates.ts'
import { type DrawKey, pullKey } from './draw.ts'
import { isWithin } from './pace.ts'
import { classOf, RANKED_AS, type RankedClass } from './request-class.ts'
import type { View } from './view.ts'

/** What is known about "does this backend hold this content"; `unknown` when it could not or did not say. */
export type Presence = 'present' | 'absent' | 'unknown'

/** What a decision is made from. */
export interface RequestFacts {
  readonly method: 'GET' | 'HEAD'
  readonly request: OciRequest
  /** Raw, with its `?`, or empty. */
  readonly query: string
  /** Where the client is; `undefined` for somewhere. */
  readonly place: Place | undefined
  /** By what it is drawn where clients are split; absent when not known. */
  readonly address?: Address | undefined
  /** What is known without asking of what is requested; `undefined` when the backend has not been asked lately. */
  presence(backend: Backend, request: OciRequest): Presence | undefined
  /** What the inventory of a store says of what is requested; `undefined` unless the store is known to hold it. */
  listed(store: Store, request: OciRequest): Listed | undefined
  /** Stores that this client came back from, and is not to be sent to again; absent for none. */
  readonly avoid?: ReadonlySet<Backend>
  /** Whether a backend may still be asked on behalf of this request. */
  readonly mayAsk: boolean
  /**
   * Whether one more request that belongs to `from`, which is down, may move to `to`. Requests for the canonical
   * upstream are not asked about.
   */
  maySpill(from: Backend, to: Backend): boolean
  /** What happens to those that may not: on to the canonical upstream, or a refusal. */
  readonly overSpill: 'canonical' | 'refuse'
  /** Whether the client is sent to a backend, or given what a mirror fetches from there; absent for `redirect`. */
  readonly delivery?: 'redirect' | 'relay'
}

/** What an inventory says of a content. */
export interface Listed {
  /** Bytes. */
  readonly size: number
  /** Of a manifest; absent for a blob. */
  readonly mediaType?: string
}

/** Those of a request that backends are ranked for. */
type RankedFacts = RequestFacts & { readonly request: RepositoryRequest }

/** Why a decision came out as it did: a closed set, fit for a metric label. */
export type Reason =
  | 'version-check'
  | 'no-catalog'
  | 'nearest-upstream'
  | 'signature-canonical'
  | 'unknown-algorithm'
  | 'store-present'
  | 'listed'
  | 'upstream-preferred'
  | 'blob-absent'
  | 'blob-unknown'
  | 'failover'
  | 'budget'
  | 'client-came-back'
  | 'spill-exceeded'

/** A candidate that ranked higher than the one taken, and why it was passed over. */
export interface PassedOver {
  readonly candidate: Candidate
  readonly because:
    | 'absent'
    | 'unknown'
    | 'not-asked'
    | 'unknown-algorithm'
    | 'unhealthy'
    | 'unlikely'
    | 'no-signatures'
    | 'incomplete'
    | 'spill'
    | 'budget'
    | 'retried'
}

interface Decided {
  readonly reason: Reason
  readonly passedOver: readonly PassedOver[]
  /** The backend that would have answered, were it not down, or had the client not come back from it. */
  readonly movedFrom?: Backend
  /** The policy that the client goes by; absent where there is but one. */
  readonly policy?: string
}

/** Send the client to a backend. */
export interface Redirect extends Decided {
  readonly kind: 'redirect'
  readonly backend: Backend
  readonly location: string
}

/** Fetch it from a backend and pass it on: what a mirror does. */
export interface Relay extends Decided {
  readonly kind: 'relay'
  readonly backend: Backend
}

/**
 * Answer here: for an upstream that lives on our disk; with all the tags that another one lists; with what the inventory
 * of a store says; or, without a backend, for the door itself.
 */
export type Answer = Decided & { readonly kind: 'answer' } & (
    | { readonly backend?: Upstream; readonly listed?: never; readonly tags?: never }
    | { readonly backend: Upstream; readonly listed?: never; readonly tags: readonly Tag[] }
    | { readonly backend: Store; readonly listed: Listed; readonly tags?: never }
  )

/** Refuse, in the words of the OCI spec. */
export interface Refuse extends Decided {
  readonly kind: 'refuse'
  readonly fault: OciFault
}

export type Decision = Redirect | Relay | Answer | Refuse

/** No decision yet: whether this backend holds what is requested must be asked first. */
export interface Ask {
  readonly kind: 'ask'
  readonly backend: Backend
}

const NOTHING: readonly PassedOver[] = []
const VERSION: Answer = { kind: 'answer', reason: 'version-check', passedOver: NOTHING }
const NO_CATALOG: Refuse = {
  kind: 'refuse',
  reason: 'no-catalog',
  passedOver: NOTHING,
  fault: { code: 'UNSUPPORTED', message: 'this registry does not list its repositories' },
}
const SPILL_EXCEEDED: OciFault = {
  code: 'TOOMANYREQUESTS',
  message: 'the place that would answer this is down, and the others take no more of its requests for now',
}

/** Decides where a request goes. Pure: the same facts and view give the same decision. */
export function decide(facts: RequestFacts, view: View): Decision | Ask {
  if (facts.request.kind === 'base') return VERSION
  if (facts.request.kind === 'catalog') return NO_CATALOG
  return decideRanked(facts as RankedFacts, view)
}

function decideRanked(facts: RankedFacts, view: View): Decision | Ask {
  const { request, place, address } = facts
  const requestClass = classOf(request)
  const { policy, [RANKED_AS[requestClass]]: candidates } = view.candidates(place, address, request.name)
  const listed = facts.method === 'HEAD' ? answerListed(candidates, facts) : undefined
  const decision = listed ?? walk(candidates, facts, view, REASON_FOR[requestClass])
  return policy === undefined || decision.kind === 'ask' ? decision : { ...decision, policy }
}

/**
 * A `HEAD` asks what an inventory knows, and buckets do not send `Docker-Content-Digest`. Only stores in traffic are
 * believed, so that the `GET` that follows finds the content there, or else at an upstream.
 */
function answerListed(candidates: readonly Candidate[], facts: RequestFacts): Answer | undefined {
  for (const { backend, usable } of candidates) {
    if (!usable || backend.kind !== 'store') continue
    const listed = facts.listed(backend, facts.request)
    if (listed !== undefined)
      return { kind: 'answer', reason: 'listed', backend, listed, passedOver: NOTHING }
  }
  return undefined
}

type ReasonFor = (passedOver: readonly PassedOver[]) => Reason

const REASON_FOR: Readonly<Record<RankedClass, ReasonFor>> = {
  blob: blobReason,
  manifest: upstreamReason,
  tag: upstreamReason,
  tags: upstreamReason,
  signature: signatureReason,
}

/**
 * When so many of one group (`stores@aws`) do not hold it, or do not say, its others are not asked any more: a miss must
 * not cost a tour.
 */
const MAX_LACKING = 3

/** Takes the first candidate that is healthy and holds what is asked for; in the end, the canonical upstream. */
function walk(
  ranked: readonly Candidate[],
  facts: RankedFacts,
  view: View,
  reasonFor: ReasonFor,
  keepsBudgets = true,
): Decision | Ask {
  let candidates = ranked
  let passedOver: PassedOver[] | undefined
  let movedFrom: Backend | undefined
  let retriedFrom: Backend | undefined
  let group: string | undefined
  let lacking = 0
  /** What an upstream lacks that has all but signatures is one, or named by one: the others of its kind lack it, too. */
  let isSignature = false
  for (let rank = 0; rank < candidates.length; rank++) {
    const candidate = candidates[rank]!
    const { backend, pace } = candidate
    let because: PassedOver['because'] | undefined
    if (facts.avoid?.has(backend)) {
      because = 'retried'
      retriedFrom ??= backend
    } else if (!candidate.usable) {
      because = 'unhealthy'
      movedFrom ??= backend
    } else if (keepsBudgets && pace !== undefined && !isWithin(pace, keyOf(facts))) {
      because = 'budget'
      if (candidates === ranked && pace.over !== undefined) {
        candidates = withFirst(ranked, rank + 1, pace.over)
      }
    } else if (isSignature && hasAllButSignatures(backend)) {
      because = 'no-signatures'
    } else if (mayLack(backend, facts.request)) {
      const verdict = presenceOf(backend, facts)
      if (candidate.by !== group) lacking = 0
      group = candidate.by
      const isLikely = lacking < MAX_LACKING
      if (verdict === undefined && facts.mayAsk && isLikely) return { kind: 'ask', backend }
      if (verdict !== 'present') because = verdict ?? (isLikely ? 'not-asked' : 'unlikely')
      if (verdict === 'absent' || verdict === 'unknown') lacking++
      isSignature ||= verdict === 'absent' && hasAllButSignatures(backend)
    }
    if (because === undefined && movedFrom !== undefined && backend !== view.canonical) {
      if (!facts.maySpill(movedFrom, backend)) {
        passedOver = [...(passedOver ?? []), { candidate, because: 'spill' }]
        if (facts.overSpill === 'refuse') {
          return { kind: 'refuse', reason: 'spill-exceeded', passedOver, movedFrom, fault: SPILL_EXCEEDED }
        }
        return take(view.canonical, 'spill-exceeded', facts, passedOver, movedFrom)
      }
    }
    if (because === undefined) {
      const upstreamReason = isSignature ? 'signature-canonical' : reasonFor(passedOver ?? NOTHING)
      const own = backend.kind === 'store' ? 'store-present' : upstreamReason
      // Moves with the others into the count, but is never held back by it: a pull that failed twice must not again.
      const reason = retriedFrom === undefined ? own : 'client-came-back'
      return take(backend, reason, facts, passedOver, movedFrom ?? retriedFrom)
    }
    passedOver ??= []
    passedOver.push({ candidate, because })
  }
  // No budget is worth a pull that fails.
  if (passedOver?.some(({ because }) => because === 'budget')) {
    return walk(ranked, facts, view, reasonFor, false)
  }
  // Nothing is left, so even a canonical upstream that looks down is better than no answer.
  const last = retriedFrom === undefined ? reasonFor(passedOver ?? NOTHING) : 'client-came-back'
  return take(view.canonical, last, facts, passedOver, movedFrom ?? retriedFrom)
}

/** The same list, in which from a rank on those of a set come before the others. */
function withFirst(
  candidates: readonly Candidate[],
  from: number,
  first: ReadonlySet<Backend>,
): readonly Candidate[] {
  const rest = candidates.slice(from)
  return [
    ...candidates.slice(0, from),
    ...rest.filter(({ backend }) => first.has(backend)),
    ...rest.filter(({ backend }) => !first.has(backend)),
  ]
}

function keyOf({ address, request }: RankedFacts): DrawKey {
  return pullKey(address, request.name)
}

/** Whether a backend is used only for what it is known to hold. */
export function mayLack(backend: Backend, request: OciRequest): boolean {
  if (backend.kind === 'store' || !backend.complete) return true
  return !backend.signatures && (request.kind === 'blob' || (request.kind === 'manifest' && request.byDigest))
}

function hasAllButSignatures(backend: Backend): boolean {
  return backend.kind === 'upstream' && backend.complete && !backend.signatures
}

function presenceOf(backend: Backend, facts: RequestFacts): PassedOver['because'] | 'present' | undefined {
  const { request } = facts
  switch (request.kind) {
    case 'blob':
      return isVerifiable(request.digest) ? facts.presence(backend, request) : 'unknown-algorithm'
    case 'manifest':
      if (request.byDigest && !isVerifiable(request.reference)) return 'unknown-algorithm'
      return facts.presence(backend, request)
    default:
      // Nobody can tell from outside whether a list is whole.
      return 'incomplete'
  }
}

/** Why a blob goes to an upstream: the surest fact about the stores before it. */
function blobReason(passedOver: readonly PassedOver[]): Reason {
  if (passedOver.length === 0) return 'upstream-preferred'
  if (passedOver.some(({ because }) => because === 'unknown-algorithm')) return 'unknown-algorithm'
  if (passedOver.some(({ because }) => because === 'unknown' || because === 'not-asked'))
    return 'blob-unknown'
  return moveReason(passedOver) ?? 'blob-absent'
}

function upstreamReason(passedOver: readonly PassedOver[]): Reason {
  return moveReason(passedOver) ?? 'nearest-upstream'
}

function signatureReason(passedOver: readonly PassedOver[]): Reason {
  return moveReason(passedOver) ?? 'signature-canonical'
}

/** Why another one would have answered, were it not for how it stands. */
function moveReason(passedOver: readonly PassedOver[]): Reason | undefined {
  if (passedOver.some(({ because }) => because === 'unhealthy')) return 'failover'
  return passedOver.some(({ because }) => because === 'budget') ? 'budget' : undefined
}

function take(
  backend: Backend,
  reason: Reason,
  facts: RequestFacts,
  passedOver: readonly PassedOver[] = NOTHING,
  movedFrom?: Backend,
): Decision {
  const isLocal = backend.kind === 'upstream' && backend.url === undefined
  if (facts.delivery === 'relay' && !isLocal) {
    return { kind: 'relay', backend, reason, passedOver, ...(movedFrom && { movedFrom }) }
  }
  const location = locationOf(backend, facts)
  if (location === undefined) {
    const answer = { kind: 'answer', backend: backend as Upstream, reason, passedOver } as const
    return movedFrom === undefined ? answer : { ...answer, movedFrom }
  }
  const redirect = { kind: 'redirect', backend, location, reason, passedOver } as const
  return movedFrom === undefined ? redirect : { ...redirect, movedFrom }
}

/** `undefined` for an upstream on our own disk. */
function locationOf(backend: Backend, { request, query }: RequestFacts): string | undefined {
  if (backend.kind === 'store') return storeLocation(backend, request)
  return backend.url && upstreamLocation(backend.url, backend.prefix, request, query)
}

function storeLocation(store: Store, request: OciRequest): string | undefined {
  if (request.kind === 'blob') return blobLocation(store, request.digest)
  return request.kind === 'manifest' && request.byDigest
    ? manifestLocation(store, request.reference)
    : undefined
}
