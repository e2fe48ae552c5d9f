import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Fault, Served } from './misbehaving.ts'

/** Between two bytes of a slow drip, in milliseconds. */
const DRIP = 100
/** Where downloads of larger blobs end that are cut at one place; who goes on from there gets the rest. */
const CUT = 1.5 * 2 ** 20
/** How deep in a blob its one wrong byte lies, from 0 up to 1. */
const WRONG_AT = 0.62

/** A whole answer: status, headers, body. */
type Plain = readonly [status: number, headers: Readonly<Record<string, string>>, body: string]

/** What is answered whatever is asked for; `undefined` when the fault lies deeper than that. */
function plainAnswer(
  fault: Fault | undefined,
  { url, headers: { range } }: IncomingMessage,
): Plain | undefined {
  switch (fault) {
    case '403':
    case '404':
    case '500':
      return [Number(fault), { 'Content-Type': 'application/xml' }, '<Error/>']
    case '503 with Retry-After':
      return [503, { 'Retry-After': '1' }, '']
    case 'HTML with 200':
      return [200, { 'Content-Type': 'text/html' }, '<html>Welcome to your new bucket!</html>']
    case 'empty with 200':
      return [200, {}, '']
    case 'redirect loop':
      return [307, { Location: url ?? '/' }, '']
    case 'Range answered 400':
      return range === undefined ? undefined : [400, {}, '']
    default:
      return undefined
  }
}

/** Answers with what lies there, if anything does, and does the one thing wrong. */
export function answer(
  request: IncomingMessage,
  response: ServerResponse,
  served: Served | undefined,
  fault: Fault | undefined,
): void {
  if (fault === 'hang before headers') return
  const plain =
    plainAnswer(fault, request) ??
    (served === undefined ? ([404, { 'Content-Type': 'application/xml' }, '<Error/>'] as const) : undefined)
  if (plain !== undefined) end(response, plain)
  else if (served !== undefined) serve(request, response, served, fault)
}

function serve(
  request: IncomingMessage,
  response: ServerResponse,
  served: Served,
  fault: Fault | undefined,
): void {
  const { type = 'application/octet-stream', digest } = served
  const bytes = damaged(served.bytes, fault)
  const range = fault === 'Range ignored' ? undefined : readRange(request.headers.range, bytes.length)
  if (range === 'unsatisfiable') {
    end(response, [416, { 'Content-Range': `bytes */${bytes.length}` }, ''])
    return
  }
  const { start, last } = range ?? { start: 0, last: bytes.length - 1 }
  const part = bytes.subarray(start, last + 1)
  response.writeHead(range === undefined ? 200 : 206, {
    'Content-Type': type,
    'Content-Length': part.length,
    'Accept-Ranges': 'bytes',
    ...(digest !== undefined && { 'Docker-Content-Digest': digest }),
    ...(range && { 'Content-Range': `bytes ${start}-${last}/${bytes.length}` }),
  })
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  const half = part.subarray(0, Math.floor(part.length / 2))
  switch (fault) {
    case 'stall after the headers':
      response.flushHeaders()
      return
    case 'cut at 1.5 MiB':
      if (start < CUT && last >= CUT) response.write(part.subarray(0, CUT - start), () => response.destroy())
      else response.end(part)
      return
    case 'stall in the body':
      response.write(half)
      return
    case 'cut in the body':
      response.write(half, () => response.destroy())
      return
    case 'slow drip':
      drip(part, response)
      return
    default:
      response.end(part)
  }
}

function damaged(bytes: Uint8Array, fault: Fault | undefined): Uint8Array {
  if (fault === 'wrong bytes') return bytes.map((byte) => byte ^ 0xff)
  if (fault === 'one wrong byte') {
    const altered = Buffer.from(bytes)
    const at = Math.floor(WRONG_AT * altered.length)
    altered[at] = (altered[at] ?? 0) ^ 0xff
    return altered
  }
  if (fault === 'wrong length') return Buffer.concat([bytes, Buffer.from('\n')])
  return bytes
}

function drip(bytes: Uint8Array, response: ServerResponse): void {
  let sent = 0
  const timer = setInterval(() => {
    response.write(bytes.subarray(sent, ++sent))
    if (sent < bytes.length) return
    clearInterval(timer)
    response.end()
  }, DRIP)
  response.on('close', () => clearInterval(timer))
}

function end(response: ServerResponse, [status, headers, body]: Plain): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}

/** One range, from the start or from the end; anything else counts as none (RFC 9110, 14.2). */
function readRange(header: string | undefined, size: number) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (match === null || header === 'bytes=-') return undefined
  const [, first, second] = match
  const start = first === '' ? Math.max(0, size - Number(second)) : Number(first)
  const last = first === '' || second === '' ? size - 1 : Math.min(size - 1, Number(second))
  return start > last ? ('unsatisfiable' as const) : { start, last }
}
