import { PortolanError } from '../errors.ts'
import { matchesDigest } from '../oci/verify.ts'
import type { Fetch } from '../runtime.ts'
import { readBody } from '../transport/read-body.ts'
import { reasonOf } from '../transport/reason.ts'
import type { AuditFindings } from './audit-findings.ts'
import { essence } from './audit-listing.ts'
import type { ExpectedObject } from './content-keys.ts'
import type { Target } from './target.ts'

/** What is fetched whole is no larger. */
const WHOLE_MAX_BYTES = 1024 * 1024

/**
 * Fetches objects as clients of the door do, anonymously: of each two bytes by `Range`, and whole what is small.
 * Returns how many were fetched.
 */
export async function auditPublic(
  target: Target,
  sample: readonly ExpectedObject[],
  fetch: Fetch,
  findings: AuditFindings,
  progress: (done: number) => void,
): Promise<number> {
  for (const [index, object] of sample.entries()) {
    const url = `${target.url}/${object.key}`
    const faults = [await tryRanges(target, object, url, fetch), await tryWhole(object, url, fetch)]
    for (const fault of faults) {
      if (fault !== undefined) findings.add('notPublic', `${url}: ${fault}`, object)
    }
    progress(index + 1)
  }
  return sample.length
}

/** One byte from the middle, and the last one as a client asks for it that goes on where it broke off. */
async function tryRanges(
  target: Target,
  object: ExpectedObject,
  url: string,
  fetch: Fetch,
): Promise<string | undefined> {
  const { size = 0 } = object
  // Nothing of an empty object satisfies a range (RFC 9110, section 14.1.2).
  if (size === 0) return undefined
  const middle = Math.floor(size / 2)
  return (
    (await tryByte(target, object, url, middle, `bytes=${middle}-${middle}`, fetch)) ??
    (await tryByte(target, object, url, size - 1, `bytes=${size - 1}-`, fetch))
  )
}

async function tryByte(
  { objects }: Target,
  { key, size = 0 }: ExpectedObject,
  url: string,
  position: number,
  range: string,
  fetch: Fetch,
): Promise<string | undefined> {
  return attempt(fetch, url, { Range: range }, 206, async (response) => {
    const stated = response.headers.get('content-range')
    const expected = `bytes ${position}-${position}/${size}`
    if (stated !== expected) {
      await response.body?.cancel()
      return `Content-Range is ${stated} for Range: ${range}; expected ${expected}`
    }
    const body = await readBody(response, 1)
    if (body?.length !== 1)
      return `Range: ${range} gives ${body === undefined ? 'more than one byte' : 'nothing'}`
    const stream = await objects.get(key, { start: position, end: position + 1 })
    const held = stream && (await readBody(new Response(stream), 1))
    return held === undefined || held[0] === body[0]
      ? undefined
      : `Range: ${range} gives another byte than the store holds`
  })
}

async function tryWhole(
  { digest, size = 0, mediaType }: ExpectedObject,
  url: string,
  fetch: Fetch,
): Promise<string | undefined> {
  if (size > WHOLE_MAX_BYTES) return undefined
  return attempt(fetch, url, {}, 200, async (response) => {
    const stated = response.headers.get('content-length')
    if (stated !== null && Number(stated) !== size) return `Content-Length is ${stated}; expected ${size}`
    const type = essence(response.headers.get('content-type') ?? 'missing')
    if (mediaType !== undefined && type !== mediaType) return `Content-Type is ${type}; expected ${mediaType}`
    const body = await readBody(response, size)
    return body !== undefined && (await matchesDigest(body, digest)) ? undefined : 'it gives wrong bytes'
  })
}

/** Asks as most clients do, who would be given compressed bytes by a store that compresses. */
async function attempt(
  fetch: Fetch,
  url: string,
  headers: Record<string, string>,
  status: number,
  check: (response: Response) => Promise<string | undefined>,
): Promise<string | undefined> {
  const how = headers.Range === undefined ? '' : ` to Range: ${headers.Range}`
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { 'Accept-Encoding': 'gzip', ...headers },
    })
    const fault = faultOfHead(response, status)
    if (fault === undefined) return await check(response)
    await response.body?.cancel()
    return `it answers${how} ${fault}`
  } catch (error) {
    // That the store refuses what is compared with is no matter of how it is served.
    if (error instanceof PortolanError) return undefined
    return `it does not answer${how}: ${reasonOf(error)}`
  }
}

function faultOfHead({ status, headers }: Response, expected: number): string | undefined {
  if (status >= 300 && status < 400) return `${status}, a redirect; expected the bytes`
  if (status !== expected) return `${status}; expected ${expected}`
  const encoding = headers.get('content-encoding')
  if (encoding !== null && encoding !== 'identity') return `with Content-Encoding: ${encoding}; expected none`
  return undefined
}
