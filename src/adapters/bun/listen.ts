import { PortolanError } from '../../errors.ts'
import type { DoorReply } from '../../server/reply.ts'
import type { Door, DoorRequest } from '../../server/request.ts'
import { LIMITS, type Listener, type ListenOptions } from '../listener.ts'

/** The part of Bun that this adapter uses. */
interface BunServer {
  readonly port: number
  requestIP(request: Request): { readonly address: string } | null
  stop(closeActiveConnections?: boolean): Promise<void>
}
type Handler = (request: Request, server: BunServer) => Response | Promise<Response>
declare const Bun: {
  serve(options: {
    hostname: string
    port: number
    idleTimeout: number
    maxRequestBodySize: number
    routes: Readonly<Record<string, Handler>>
    fetch: Handler
    error: (error: unknown) => Response
  }): BunServer
}

/** `/v2`, a repository name of at most 255 characters and so at most 128 components, and two more for the endpoint. */
const MAX_DEPTH = 131

/** Serves a door over HTTP/1.1 on Bun. Throws `LISTEN_FAILED` naming the address when it cannot be had. */
export async function listen(door: Door, { host, port, onError }: ListenOptions): Promise<Listener> {
  const answer = (request: Request, server: BunServer, target: string): Response | Promise<Response> => {
    const reply = door(new BunRequest(request, server, target))
    return reply instanceof Promise
      ? reply.then((late) => toResponse(late, request.method))
      : toResponse(reply, request.method)
  }
  let server: BunServer
  try {
    server = Bun.serve({
      hostname: host,
      port,
      idleTimeout: LIMITS.keepAliveTimeout / 1000,
      maxRequestBodySize: 0,
      routes: rawRoutes(answer),
      fetch: (request, server) => answer(request, server, ALTERED_TARGET),
      error(error) {
        onError(error)
        return new Response(null, { status: 500 })
      },
    })
  } catch (cause) {
    const { message } = cause as Error
    throw new PortolanError(
      'LISTEN_FAILED',
      `cannot listen on ${host}:${port}: ${message}`,
      { host, port },
      cause,
    )
  }
  return {
    host,
    port: server.port,
    async drain(milliseconds) {
      const cut = setTimeout(() => server.stop(true), milliseconds)
      await server.stop(false)
      clearTimeout(cut)
    },
  }
}

/** A target that no grammar takes, handed on in place of one that Bun has altered: the door then refuses it. */
const ALTERED_TARGET = '/v2/\\'

type Answer = (request: Request, server: BunServer, target: string) => Response | Promise<Response>

/**
 * Bun's `request.url` is normalised (`.`, `..`, `%2e` and `\` are resolved), but a target with such tricks has to be
 * refused, not repaired. Bun matches routes on the raw path, so with a route for every depth the handler sees each raw
 * segment. What matches none of them (an empty segment, a slash at the end, too many segments) is nothing that the door
 * answers.
 */
function rawRoutes(answer: Answer): Record<string, Handler> {
  const routes: Record<string, Handler> = {}
  for (const path of ['/', '/v2/']) {
    routes[path] = (request, server) => {
      const target = targetOf(request.url)
      const isExact = target === path || target.startsWith(`${path}?`)
      return answer(request, server, isExact ? target : ALTERED_TARGET)
    }
  }
  let pattern = ''
  for (let depth = 1; depth <= MAX_DEPTH; depth++) {
    pattern += `/:p${depth}`
    routes[pattern] = (request, server) => {
      const target = targetOf(request.url)
      return answer(request, server, isUnaltered(request, target, depth) ? target : ALTERED_TARGET)
    }
  }
  return routes
}

/** Whether the URL has as many segments as stood on the wire (a strange `Host` would add some), and they are the same. */
function isUnaltered(request: Request, target: string, depth: number): boolean {
  let slashes = 0
  for (let index = 0; index < target.length; index++) {
    const code = target.charCodeAt(index)
    if (code === 63 /* ? */) break
    if (code === 47 /* / */) slashes++
  }
  if (slashes !== depth) return false
  const { params } = request as Request & { params: Record<string, string> }
  for (const name in params) {
    const segment = params[name]!
    if (segment === '.' || segment === '..' || segment.includes('\\')) return false
  }
  return true
}

/** The URL without its origin: `http://` and a host of at least one character come first. */
function targetOf(url: string): string {
  return url.slice(url.indexOf('/', 8))
}

class BunRequest implements DoorRequest {
  readonly #request: Request
  readonly #server: BunServer
  readonly target: string

  constructor(request: Request, server: BunServer, target: string) {
    this.#request = request
    this.#server = server
    this.target = target
  }

  get method(): string {
    return this.#request.method
  }

  get peer(): string {
    return this.#server.requestIP(this.#request)?.address ?? ''
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined
  }
}

function toResponse(reply: DoorReply, method: string): Response {
  const { status, headers, body } = reply
  if (body === undefined || method !== 'HEAD')
    return new Response(body as ReadableStream, { status, headers })
  if (body instanceof ReadableStream) body.cancel()
  return new Response(null, { status, headers })
}
