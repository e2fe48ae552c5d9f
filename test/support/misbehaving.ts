import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Certificates } from './certificates.ts'
import { answer } from './misbehaving-answer.ts'

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

/** Faults deep inside of a blob, or after a good beginning, which a look at its first bytes does not find. */
export const DEEP_FAULTS = ['stall after the headers', 'cut at 1.5 MiB', 'one wrong byte'] as const

export type Fault = (typeof FAULTS | typeof DEEP_FAULTS)[number]

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
  readonly userAgent: string
  /** As `performance.now()` has it. */
  readonly at: number
}

/** Whose requests get to feel a fault: a part of their path, or what holds of them. */
export type Afflicted = string | ((asked: Asked) => boolean)

export interface Asked {
  readonly path: string
  readonly userAgent: string
  /** Bytes of what lies there; 0 if nothing does. */
  readonly size: number
}

/** A server that behaves until it is told otherwise, and remembers every request. */
export interface MisbehavingServer extends AsyncDisposable {
  readonly origin: string
  readonly requests: readonly Seen[]
  /**
   * Does this wrong from now on, or nothing any more; settles when it is so. With `only`, for paths that contain it, or
   * requests that it holds of, and no others.
   */
  misbehave(fault: Fault | undefined, only?: Afflicted): Promise<void>
}

export interface MisbehavingOptions {
  /** What is served; `undefined` is answered with 404. */
  readonly content: (path: string) => Served | undefined
  /** Serves over TLS, which an expired certificate needs. */
  readonly certificates?: Certificates
  /** Does this wrong from the start. */
  readonly fault?: Fault | undefined
}

export async function startMisbehaving(options: MisbehavingOptions): Promise<MisbehavingServer> {
  const { content, certificates } = options
  const requests: Seen[] = []
  let fault: Fault | undefined
  let where: Afflicted = ''
  const handler = (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '' } = request
    const { range, 'user-agent': userAgent = '' } = request.headers
    requests.push({ method, path: url, range, userAgent, at: performance.now() })
    // A client that hangs up is its own affair.
    response.on('error', () => {})
    const served = content(url.split('?')[0]!)
    answer(request, response, served, isAfflicted(where, request, served) ? fault : undefined)
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

function isAfflicted(where: Afflicted, { url = '', headers }: IncomingMessage, served: Served | undefined) {
  if (typeof where === 'string') return url.includes(where)
  return where({ path: url, userAgent: headers['user-agent'] ?? '', size: served?.bytes.length ?? 0 })
}
