import type { Digest } from '../../oci/digest.ts'
import { MANIFEST_ACCEPT, MANIFEST_MAX_BYTES, parseManifest } from '../../oci/manifest.ts'
import type { OciRequest } from '../../oci/path.ts'
import { matchesDigest } from '../../oci/verify.ts'
import {
  type Backend,
  blobLocation,
  manifestLocation,
  type Store,
  type Upstream,
  upstreamLocation,
} from '../../routing/backend.ts'
import type { Presence } from '../../routing/decide.ts'
import type { Fetch } from '../../runtime.ts'
import { readBody } from '../../transport/read-body.ts'
import { type CheckResult, failed, failureOf } from '../health/check-result.ts'

/** What a probe found out. */
export interface ProbeFinding {
  readonly presence: Presence
  /** Bytes of a blob that is present, where the store said so. */
  readonly size?: number
  /** What it says of the backend that it gave no answer, or one that says it is not well. */
  readonly failure?: CheckResult
}

/** Under which key presence remembers what a request asks of a backend. */
export function presenceKey(backend: Backend, request: OciRequest): string {
  if (request.kind === 'blob')
    return backend.kind === 'store' ? request.digest : `${request.name}@${request.digest}`
  if (request.kind !== 'manifest') throw new TypeError(`nobody is asked about ${request.kind}`)
  return backend.kind === 'store' ? `manifest ${request.reference}` : `${request.name} ${request.reference}`
}

/**
 * Asks a backend whether it holds what a request asks for. Never rejects; ends when `fetch` does.
 *
 * A blob in a store is asked for by `HEAD`: 200 is present, 404 is absent, all else is unknown; 403 too, since S3 and
 * its kin say that of a missing key when listing is not allowed. No redirect is followed: what it leads to is not the
 * store that the operator named.
 */
export async function probeBackend(
  backend: Backend,
  request: OciRequest,
  fetch: Fetch,
): Promise<ProbeFinding> {
  try {
    if (backend.kind === 'upstream') return await probeUpstream(backend, request, fetch)
    if (request.kind === 'blob') return await probeBlob(backend, request.digest, fetch)
    return await probeManifest(backend, request, fetch)
  } catch (error) {
    return { presence: 'unknown', failure: failureOf(error) }
  }
}

async function probeBlob(store: Store, digest: Digest, fetch: Fetch): Promise<ProbeFinding> {
  const response = await fetch(blobLocation(store, digest), { method: 'HEAD', redirect: 'manual' })
  if (response.status !== 200) return refusal(response)
  const length = response.headers.get('content-length')
  if (length === null) return { presence: 'present' }
  const size = Number(length)
  // A store that has lost its mind, or a proxy before it, says 200 to everything, and of no bytes.
  if (size === 0 && !(await matchesDigest(new Uint8Array(), digest))) return { presence: 'unknown' }
  return { presence: 'present', size }
}

/**
 * A manifest is small, and a client takes it by its `Content-Type`, which no digest covers: so it is fetched whole, and
 * is present only if bytes, length and type are right.
 */
async function probeManifest(store: Store, request: OciRequest, fetch: Fetch): Promise<ProbeFinding> {
  if (request.kind !== 'manifest' || !request.byDigest) return { presence: 'unknown' }
  const location = manifestLocation(store, request.reference)
  if (location === undefined) return { presence: 'absent' }
  const response = await fetch(location, {
    redirect: 'manual',
    headers: { Accept: MANIFEST_ACCEPT, 'Accept-Encoding': 'identity' },
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    return refusal(response)
  }
  const bytes = await readBody(response, MANIFEST_MAX_BYTES)
  const type = (response.headers.get('content-type') ?? '').split(';')[0]!.trim()
  const length = Number(response.headers.get('content-length') ?? Number.NaN)
  const isRight =
    bytes !== undefined &&
    length === bytes.length &&
    (await matchesDigest(bytes, request.reference)) &&
    parseManifest(bytes, location).mediaType === type
  return isRight ? { presence: 'present', size: bytes.length } : { presence: 'unknown' }
}

/** An upstream may redirect to where it keeps its blobs: whoever is trusted to do so is believed to know. */
async function probeUpstream(
  { url, prefix }: Upstream,
  request: OciRequest,
  fetch: Fetch,
): Promise<ProbeFinding> {
  if (url === undefined) return { presence: 'unknown' }
  const response = await fetch(upstreamLocation(url, prefix, request, ''), {
    method: 'HEAD',
    redirect: 'manual',
    headers: { Accept: MANIFEST_ACCEPT },
  })
  return response.status >= 200 && response.status < 400 ? { presence: 'present' } : refusal(response)
}

function refusal({ status }: Response): ProbeFinding {
  if (status === 404) return { presence: 'absent' }
  return status >= 500
    ? { presence: 'unknown', failure: failed(`it answered ${status}`) }
    : { presence: 'unknown' }
}
