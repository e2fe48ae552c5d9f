import { Semaphore } from '../internal/semaphore.ts'
import { matchesDigest } from '../oci/verify.ts'
import type { Fetch } from '../runtime.ts'
import { readBody } from '../transport/read-body.ts'
import type { AuditFindings } from './audit-findings.ts'
import { essence } from './audit-listing.ts'
import { ClientRequests } from './client-requests.ts'
import type { ExpectedObject } from './content-keys.ts'
import type { Target } from './target.ts'

/** What is fetched as clients fetch it. */
export interface ClientSample {
  /** In all the ways that clients have: whole, and by `Range` from the middle and to the end. */
  readonly closely: readonly ExpectedObject[]
  /** By one request each: whole what is small, of the rest the last byte. */
  readonly once: readonly ExpectedObject[]
}

/** What was fetched as clients do. */
export interface ClientWork {
  readonly fetched: number
  readonly bytes: number
}

/** What is fetched whole is no larger. */
const WHOLE_MAX_BYTES = 1024 * 1024
const FETCHES_AT_ONCE = 8
/** Where so many did not come and none did, the rest is not asked for: each may have taken its whole time limit. */
const FAILURES_MAX = 24

/** Fetches objects as clients of the door do, anonymously. */
export async function auditPublic(
  target: Target,
  { closely, once }: ClientSample,
  fetch: Fetch,
  findings: AuditFindings,
  progress: (done: number) => void,
): Promise<ClientWork> {
  const client = new ClientRequests(fetch)
  let done = 0
  let right = 0
  let skipped = 0
  const tryOne = async (object: ExpectedObject, tries: readonly Try[]) => {
    if (right === 0 && done >= FAILURES_MAX) {
      skipped++
      return
    }
    let isRight = true
    for (const each of tries) {
      const fault = await each(target, object, client)
      if (fault === undefined) continue
      isRight = false
      findings.add('notPublic', `${urlOf(target, object)}: ${fault}`, object)
    }
    if (isRight) right++
    progress(++done)
  }
  for (const object of closely) await tryOne(object, [tryRanges, tryWhole])
  await new Semaphore(FETCHES_AT_ONCE).map(once, (object) => tryOne(object, [tryOnce]))
  if (skipped > 0) {
    findings.add('notPublic', `none of ${done} objects came as it should; ${skipped} more were not asked for`)
  }
  return { fetched: done, bytes: client.bytes }
}

/** What is wrong with how an object is served, if anything. */
type Try = (target: Target, object: ExpectedObject, client: ClientRequests) => Promise<string | undefined>

const tryOnce: Try = (target, object, client) =>
  (object.size ?? 0) <= WHOLE_MAX_BYTES ? tryWhole(target, object, client) : tryEnd(target, object, client)

/** One byte from the middle, and the last one. */
const tryRanges: Try = async (target, object, client) => {
  const { size = 0 } = object
  // Nothing of an empty object satisfies a range (RFC 9110, section 14.1.2).
  if (size === 0) return undefined
  const middle = Math.floor(size / 2)
  const byMiddle = { position: middle, range: `bytes=${middle}-${middle}` }
  return (await tryByte(target, object, byMiddle, client)) ?? (await tryEnd(target, object, client))
}

/** The last byte, as a client asks for it that goes on where it broke off. */
const tryEnd: Try = (target, object, client) => {
  const position = object.size! - 1
  return tryByte(target, object, { position, range: `bytes=${position}-` }, client)
}

function tryByte(
  target: Target,
  object: ExpectedObject,
  { position, range }: { readonly position: number; readonly range: string },
  client: ClientRequests,
): Promise<string | undefined> {
  const { key, size = 0 } = object
  return client.attempt(urlOf(target, object), { Range: range }, 206, async (response) => {
    const stated = response.headers.get('content-range')
    const expected = `bytes ${position}-${position}/${size}`
    if (stated !== expected) return `Content-Range is ${stated} for Range: ${range}; expected ${expected}`
    const body = await client.read(response, 1)
    if (body?.length !== 1)
      return `Range: ${range} gives ${body === undefined ? 'more than one byte' : 'nothing'}`
    const stream = await target.objects.get(key, { start: position, end: position + 1 })
    const held = stream && (await readBody(new Response(stream), 1))
    return held === undefined || held[0] === body[0]
      ? undefined
      : `Range: ${range} gives another byte than the store holds`
  })
}

const tryWhole: Try = async (target, object, client) => {
  const { digest, size = 0, mediaType } = object
  if (size > WHOLE_MAX_BYTES) return undefined
  return client.attempt(urlOf(target, object), {}, 200, async (response) => {
    const stated = response.headers.get('content-length')
    if (stated !== null && Number(stated) !== size) return `Content-Length is ${stated}; expected ${size}`
    const type = essence(response.headers.get('content-type') ?? 'missing')
    if (mediaType !== undefined && type !== mediaType) return `Content-Type is ${type}; expected ${mediaType}`
    const body = await client.read(response, size)
    return body !== undefined && (await matchesDigest(body, digest)) ? undefined : 'it gives wrong bytes'
  })
}

function urlOf({ url }: Target, { key }: ExpectedObject): string {
  return `${url}/${key}`
}
