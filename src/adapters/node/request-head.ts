import { HEADER_LIMITS } from '../listener.ts'

/** Why a request is refused before a door sees it; a sentence of a closed set. */
export interface HeadFault {
  readonly status: number
  readonly reason: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What a head says of its connection. */
export interface HeadFacts {
  /** Whether the answer to it is the last: where a body follows, which nobody here wants, nothing after it is read. */
  readonly isLast: boolean
}

const TOO_LARGE: HeadFault = { status: 431, reason: 'the request headers are too large' }
const TOO_MANY: HeadFault = {
  status: 431,
  reason: `there are more than ${HEADER_LIMITS.count} request headers`,
}
/** Said of what no more can be said of, by us or by node:http. */
export const MALFORMED: HeadFault = { status: 400, reason: 'this is not a well-formed HTTP request' }
const IS_TLS: HeadFault = { status: 400, reason: 'this is TLS, and this port speaks plain HTTP: ask by http' }
export const CUT_SHORT: HeadFault = { status: 400, reason: 'the request ends within its headers' }
export const TOO_SLOW: HeadFault = { status: 408, reason: 'the request headers did not arrive in time' }
const OTHER_VERSION: HeadFault = { status: 505, reason: 'this is not HTTP/1.1' }
const NO_TUNNEL: HeadFault = {
  status: 405,
  reason: 'this is no proxy: GET and HEAD are all it answers',
  headers: { Allow: 'GET, HEAD' },
}
const HOST: HeadFault = { status: 400, reason: 'a request has exactly one Host header' }
const LENGTH: HeadFault = { status: 400, reason: 'Content-Length is not one number of bytes' }
const CODING: HeadFault = { status: 400, reason: 'Transfer-Encoding is not chunked, or not alone' }
const EXPECTATION: HeadFault = { status: 417, reason: 'Expect is not 100-continue' }

/** A CR or LF that is not one of a CRLF, or a NUL (RFC 9112, 2.2; RFC 9110, 5.5). */
const BROKEN_LINE = /\r(?!\n)|(?<!\r)\n|\0/
/** The same for a text whose end is not there yet. */
const BROKEN_START = /\r(?!\n|$)|(?<!\r)\n|\0|^[^A-Z\r]/
/** A handshake record of TLS (RFC 8446, 5.1): what a client sends that was not told of plain HTTP. */
const HANDSHAKE_START = '\x16\x03'
const REQUEST_LINE = /^([A-Z][A-Z-]*) [^\r]* HTTP\/(\d\.\d)$/
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*(.*?)[\t ]*$/
const LENGTH_VALUE = /^[0-9]{1,15}$/

/**
 * Says what speaks against the start of a request whose rest has not come: what can never become one must not be waited
 * for. `undefined` as long as it may.
 */
export function judgeStart(text: string): HeadFault | undefined {
  if (text.length > HEADER_LIMITS.bytes) return TOO_LARGE
  if (text.startsWith(HANDSHAKE_START)) return IS_TLS
  return BROKEN_START.test(text) ? MALFORMED : undefined
}

/**
 * Judges a request from its first byte to its blank line by all that two parsers could read in two ways (RFC 9112, 2.2,
 * 3.2, 5.1, 6.1 and 6.3), before node:http reads it, so that every runtime refuses the same in the same words.
 */
export function judgeHead(text: string): HeadFacts | HeadFault {
  if (text.length > HEADER_LIMITS.bytes) return TOO_LARGE
  if (text.startsWith(HANDSHAKE_START)) return IS_TLS
  if (BROKEN_LINE.test(text)) return MALFORMED
  const [first = '', ...lines] = text.slice(0, -4).split('\r\n')
  const request = REQUEST_LINE.exec(first)
  if (request === null) return MALFORMED
  const [, method, version] = request
  if (version !== '1.1' && version !== '1.0') return OTHER_VERSION
  if (method === 'CONNECT') return NO_TUNNEL
  if (lines.length > HEADER_LIMITS.count) return TOO_MANY
  const fields = readFields(lines)
  if (fields === undefined) return MALFORMED
  const isOld = version === '1.0'
  const hosts = fields.get('host')?.length ?? 0
  if (hosts > 1 || (hosts === 0 && !isOld)) return HOST
  return judgeBody(fields, isOld) ?? { isLast: isOld || endsConnection(fields) }
}

type Fields = ReadonlyMap<string, readonly string[]>

/** By lower-case name; `undefined` when a line is none, a folded one included. */
function readFields(lines: readonly string[]): Fields | undefined {
  const fields = new Map<string, string[]>()
  for (const line of lines) {
    const match = FIELD.exec(line)
    if (match === null) return undefined
    const name = match[1]!.toLowerCase()
    const values = fields.get(name)
    if (values === undefined) fields.set(name, [match[2]!])
    else values.push(match[2]!)
  }
  return fields
}

function judgeBody(fields: Fields, isOld: boolean): HeadFault | undefined {
  const lengths = fields.get('content-length')
  const codings = fields.get('transfer-encoding')
  if (lengths !== undefined && (lengths.length > 1 || !LENGTH_VALUE.test(lengths[0]!))) return LENGTH
  if (codings !== undefined) {
    const isChunked = codings.length === 1 && codings[0]!.toLowerCase() === 'chunked'
    if (!isChunked || isOld || lengths !== undefined) return CODING
  }
  const expected = fields.get('expect')
  return expected === undefined || expected.every((value) => value.toLowerCase() === '100-continue')
    ? undefined
    : EXPECTATION
}

function endsConnection(fields: Fields): boolean {
  // The parser of node:http takes Proxy-Connection for Connection.
  const options = [...(fields.get('connection') ?? []), ...(fields.get('proxy-connection') ?? [])]
  if (options.some((value) => value.split(',').some((option) => option.trim().toLowerCase() === 'close'))) {
    return true
  }
  const length = fields.get('content-length')?.[0]
  const hasBody = fields.has('transfer-encoding') || (length !== undefined && Number(length) > 0)
  return hasBody || fields.has('expect')
}
