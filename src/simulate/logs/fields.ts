import type { LoggedRequest } from './logged-request.ts'

/** Logs are younger than this and older than that; a moment beyond is a field that means something else. */
const EARLIEST = Date.UTC(2000, 0)
const LATEST = Date.UTC(2100, 0)
/** What the largest content can be, as in an inventory: 256 TiB. */
const BYTES_MAX = 2 ** 48

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$/
const CLF = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Reads RFC 3339 in milliseconds since 1970; `undefined` for anything else. */
export function readIsoTime(value: unknown): number | undefined {
  return typeof value === 'string' && ISO.test(value) ? plausible(Date.parse(value)) : undefined
}

/** Reads the time of the common log format, such as `10/Oct/2026:13:55:36 -0700`. */
export function readClfTime(text: string): number | undefined {
  const match = CLF.exec(text)
  if (match === null) return undefined
  const [, day, name, year, hour, minute, second, sign, zoneHours, zoneMinutes] = match
  const month = MONTHS.indexOf(name!)
  if (month < 0) return undefined
  const local = Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second))
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000
  return plausible(sign === '-' ? local + offset : local - offset)
}

/** Reads seconds or milliseconds since 1970, whichever makes a date that a log may have. */
export function readEpoch(value: unknown): number | undefined {
  const number = typeof value === 'number' ? value : Number.NaN
  return plausible(Math.floor(number * 1000)) ?? plausible(Math.floor(number))
}

function plausible(moment: number): number | undefined {
  return moment >= EARLIEST && moment < LATEST ? moment : undefined
}

/** Reads a count of bytes, as a number or its digits; `undefined` for `-` and what is none. */
export function readBytes(value: unknown): number | undefined {
  if (typeof value !== 'number' && (typeof value !== 'string' || !/^\d{1,15}$/.test(value))) return undefined
  const bytes = Number(value)
  return Number.isSafeInteger(bytes) && bytes >= 0 && bytes <= BYTES_MAX ? bytes : undefined
}

/**
 * What an answer with this status says of the content: only one that had it knows its bytes; the body of a redirect is
 * something else, and one of an error stands for no content.
 */
export function contentBytes(status: number | undefined, bytes: number | undefined): number | undefined {
  if (status === 200 || status === 206) return bytes
  return status !== undefined && status >= 400 ? 0 : undefined
}

/** The name under which requests of a bucket's log are replayed: it knows digests, and no repositories. */
const NO_REPOSITORY = 'repository-not-logged'
const BUCKET_PATH = /(?:^|[/=])(sha256|sha512)(?::|%3A|%253A|\/)([a-f0-9]{64}(?:[a-f0-9]{64})?)(?:[?].*)?$/i

/**
 * The target as the door would have got it: without scheme and host, and for the object of a bucket
 * (`containers/images/sha256:…`, `blobs/sha256/…`) the request for that blob. `undefined` when it is neither.
 */
export function readTarget(text: string): string | undefined {
  const target = text.startsWith('/') ? text : text.replace(/^https?:\/\/[^/?#]*/i, '')
  if (target.startsWith('/v2/') || target === '/v2' || target.startsWith('/v2?')) return target
  const match = BUCKET_PATH.exec(target)
  if (match === null) return undefined
  return `/v2/${NO_REPOSITORY}/blobs/${match[1]!.toLowerCase()}:${match[2]!.toLowerCase()}`
}

interface MoreOfRequest {
  readonly bytes?: number | undefined
  readonly isEstimate?: boolean
  readonly id?: string | undefined
}

/** Leaves out what is `undefined`, so that a request that says nothing of it says nothing. */
export function requestOf(
  at: number,
  client: LoggedRequest['client'],
  method: string,
  target: string,
  more: MoreOfRequest,
): LoggedRequest {
  return {
    at,
    client,
    method,
    target,
    ...(more.bytes !== undefined && { bytes: more.bytes }),
    ...(more.isEstimate && { isEstimate: true }),
    ...(more.id !== undefined && { id: more.id }),
  }
}
