import type { LegacyConfig, PhaseConfig } from '../../config/legacy-config.ts'
import type { Digest } from '../../oci/digest.ts'
import type { OciFault } from '../../oci/errors.ts'
import type { Name, Tag } from '../../oci/name.ts'
import { formatPath, type OciRequest } from '../../oci/path.ts'
import type { RepositoryRequest } from '../addressing.ts'
import { classOf } from '../request-class.ts'
import { closed, imageOf, neverThere, switchedOff } from './words.ts'

/** What an old name has, by repository. */
export type FrozenContent = ReadonlyMap<Name, FrozenRepository>

/** What the tags of a repository stand for, for ever. */
export interface FrozenRepository {
  /** In the order of lists. */
  readonly tags: ReadonlyMap<Tag, Digest>
  /** What images stand for: no signatures. */
  readonly digests: ReadonlySet<Digest>
}

/** What becomes of a request by an old name. */
export type Treatment =
  /** As under the new name. A tag has become what it stands for. */
  | { readonly kind: 'pass'; readonly request: OciRequest }
  /** The same manifest, but by the door itself, since a header of a redirect is read by nobody. */
  | { readonly kind: 'serve'; readonly request: OciRequest & { kind: 'manifest' } }
  | { readonly kind: 'tags'; readonly tags: Iterable<Tag> }
  | { readonly kind: 'redirect'; readonly location: string }
  /** It was never there. */
  | { readonly kind: 'unknown'; readonly fault: OciFault }
  /** For so many seconds, or for good. */
  | { readonly kind: 'refuse'; readonly fault: OciFault; readonly retryAfter?: number }

/** A request by an old name. */
export interface LegacyRequest {
  readonly request: OciRequest
  /** Raw, with its `?`, or empty. */
  readonly query: string
}

/**
 * Decides what becomes of a request by an old name, at a moment in milliseconds since 1970, in the phase that is in force
 * for who asks. Pure. Without a list of its content, nothing is known to have never been there.
 */
export function treat(
  { request, query }: LegacyRequest,
  legacy: LegacyConfig,
  content: FrozenContent | undefined,
  phase: PhaseConfig | undefined,
  now: number,
): Treatment {
  // What a client asks first says nothing of an image: refused there, it would never show the words of a refusal.
  if (request.kind === 'base' || request.kind === 'catalog') return { kind: 'pass', request }
  if (phase?.phase === 'refuse') {
    return refused(closed(legacy, phase.from, imageOf(request)), request, legacy)
  }
  // Whoever has begun a pull may end it.
  if (phase?.phase === 'brownout' && request.kind !== 'blob') return brownedOut(request, legacy, phase, now)
  const frozen = freeze(request, legacy, content)
  if (frozen.kind === 'unknown') return frozen
  if (phase?.phase === 'redirect') {
    return { kind: 'redirect', location: `${legacy.successor.url}${formatPath(request)}${query}` }
  }
  if (phase?.phase !== 'warn' || frozen.kind !== 'pass' || !isTagged(frozen.request, content)) return frozen
  return { kind: 'serve', request: frozen.request }
}

/** Whether it is what a tag stands for: of that there is only so much, whatever clients ask for. */
function isTagged(
  request: OciRequest,
  content: FrozenContent | undefined,
): request is OciRequest & { kind: 'manifest' } {
  if (request.kind !== 'manifest' || !request.byDigest) return false
  return content?.get(request.name)?.digests.has(request.reference) ?? false
}

/**
 * What an old name has does not change any more. What a digest names is the same under every name, and a list may lack it:
 * registries list what has a tag. Signatures are of what it has, and may still come.
 */
function freeze(
  request: RepositoryRequest,
  legacy: LegacyConfig,
  content: FrozenContent | undefined,
): Treatment & { kind: 'pass' | 'tags' | 'unknown' } {
  const byTag = request.kind === 'manifest' && !request.byDigest && classOf(request) !== 'signature'
  if (content === undefined || (!byTag && request.kind !== 'tags')) return { kind: 'pass', request }
  const repository = content.get(request.name)
  if (repository === undefined) return { kind: 'unknown', fault: never('NAME_UNKNOWN', request, legacy) }
  if (!byTag) return { kind: 'tags', tags: repository.tags.keys() }
  const reference = repository.tags.get(request.reference)
  return reference === undefined
    ? { kind: 'unknown', fault: never('MANIFEST_UNKNOWN', request, legacy) }
    : { kind: 'pass', request: { kind: 'manifest', name: request.name, byDigest: true, reference } }
}

function never(
  code: 'NAME_UNKNOWN' | 'MANIFEST_UNKNOWN',
  request: RepositoryRequest,
  legacy: LegacyConfig,
): OciFault {
  const image = imageOf(request)
  return { code, message: neverThere(legacy, image), detail: detailOf(image, legacy) }
}

function brownedOut(
  request: RepositoryRequest,
  legacy: LegacyConfig,
  { answer, until }: PhaseConfig,
  now: number,
): Treatment {
  // A brownout has an end, which the config has made sure of.
  const image = imageOf(request)
  const message = switchedOff(legacy, until!, image)
  if (answer === 'denied') return refused(message, request, legacy)
  const fault: OciFault = { code: 'UNAVAILABLE', message, detail: detailOf(image, legacy) }
  return { kind: 'refuse', fault, retryAfter: Math.max(1, Math.ceil((until! - now) / 1000)) }
}

function refused(message: string, request: RepositoryRequest, legacy: LegacyConfig): Treatment {
  return { kind: 'refuse', fault: { code: 'DENIED', message, detail: detailOf(imageOf(request), legacy) } }
}

function detailOf(image: string, { host, successor }: LegacyConfig): Record<string, string> {
  return { image: `${host}/${image}`, instead: `${successor.host}/${image}` }
}
