import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Certificates } from './certificates.ts'

/** What a server can do wrong, by the name under which a table shows it. */
export const FAULTS = [
  '403',
  '404',
  '500',
  '503 with Retry-After',
  'HTML with 200',
  'empty with 200',
  'hang before headers',
  'stall in the body',
  'cut in the body',
  'slow drip',
  'wrong bytes',
  'wrong length',
  'Range ignored',
  'Range answered 400',
  'redirect loop',
  'refused connection',
  'expired certificate',
] as const

export type Fault = (typeof FAULTS)[number]

/** What lies under a path. */
export interface Served {
  readonly bytes: Uint8Array
  readonly type?: string
  /** Said in `Docker-Content-Digest`, as registries do. */
  readonly digest?: string
}

/** What a server got to see. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly range: string | undefined
  /** As `performance.now()` has it. */
  readonly at: number
}

/** A server that behaves until it is told otherwise, and remembers every request. */
export interface MisbehavingServer extends AsyncDisposable {
  readonly origin: string
  readonly requests: readonly Seen[]
  /**
   * Does this wrong from now on, or nothing any more; settles when it is so. With `only`, for paths that contain it and
   * no others.
   */
  misbehave(fault: Fault | undefined, only?: string): Promise<void>
}

export interface MisbehavingOptions {
  /** What is served; `undefined` is answered with 404. */
  readonly content: (path: string) => Served | undefined
  /** Serves over TLS, which an expired certificate needs. */
  readonly certificates?: Certificates
  /** Does this wrong from the start. */
  readonly fault?: Fault | undefined
}

/** Between two bytes of a slow drip, in milliseconds. */
const DRIP = 100

export async function startMisbehaving(options: MisbehavingOptions): Promise<MisbehavingServer> {
  const { content, certificates } = options
  const requests: Seen[] = []
  let fault: Fault | undefined
  let where = ''
  const handler = (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '' } = request
    requests.push({ method, path: url, range: request.headers.range, at: performance.now() })
    // A client that hangs up is its own affair.
    response.on('error', () => {})
    answer(request, response, content(url.split('?')[0]!), url.includes(where) ? fault : undefined)
  }
  const server: Server | TlsServer =
    certificates === undefined
      ? createServer(handler)
      : createTlsServer({ key: certificates.key, cert: certificates.good }, handler)

  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  }
  const present = (cert: Buffer) => {
    ;(server as TlsServer).setSecureContext({ key: certificates!.key, cert })
    // What is open already was opened with the other certificate.
    server.closeAllConnections()
  }

  await listen(0)
  const { port } = server.address() as AddressInfo
  const misbehave = async (next: Fault | undefined, only = '') => {
    const before = fault
    where = only
    if (before === next) return
    fault = next
    if (before === 'refused connection') await listen(port)
    if (before === 'expired certificate') present(certificates!.good)
    if (next === 'refused connection') await close()
    if (next === 'expired certificate') present(certificates!.expired)
  }
  await misbehave(options.fault)
  return {
    origin: `${certificates === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    requests,
    misbehave,
    async [Symbol.asyncDispose]() {
      if (server.listening) await close()
    },
  }
}

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

function answer(
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
