import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { registryContent, type TestRepository } from './content.ts'
import { type ListReply as Answer, status } from './list-server.ts'
import type { Served } from './misbehaving.ts'

export type { Answer }

/** What a scripted server got to see. */
export interface SeenRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface ScriptedServer extends AsyncDisposable {
  readonly origin: string
  /** `127.0.0.1:PORT`. */
  readonly host: string
  readonly requests: readonly SeenRequest[]
}

/** A registry that answers as it should until a script says otherwise, and remembers every request. */
export interface ScriptedRegistry extends ScriptedServer {
  /**
   * What is answered at a path from now on: each of a list once, and then as it should be; a single answer always. A
   * path with a query is more than one without.
   */
  script(path: string, answers: Answer | readonly Answer[]): void
}

export interface ScriptedRegistryOptions {
  readonly repositories?: readonly TestRepository[]
  /** Entries of a page of tags; absent for all of them. */
  readonly pageSize?: number
  /** Gives `WWW-Authenticate` to answer with 401, or nothing to let a request in. */
  readonly challenge?: (request: SeenRequest) => string | undefined
}

export async function startScriptedRegistry(
  options: ScriptedRegistryOptions = {},
): Promise<ScriptedRegistry> {
  const { repositories = [], pageSize, challenge } = options
  const content = registryContent(...repositories)
  const scripts = new Map<string, Answer | Answer[]>()
  const scripted = (path: string): Answer | undefined => {
    const script = scripts.get(path)
    return Array.isArray(script) ? script.shift() : script
  }
  const server = await startServer((seen) => {
    const url = new URL(seen.path, 'http://registry.test')
    const script = scripted(seen.path) ?? scripted(url.pathname)
    if (script !== undefined) return script
    const wanted = challenge?.(seen)
    if (wanted !== undefined) return status(401, { 'WWW-Authenticate': wanted })
    const served = content(url.pathname)
    if (served === undefined) return status(404)
    return pageSize !== undefined && url.pathname.endsWith('/tags/list')
      ? page(served, url, pageSize)
      : serve(served)
  })
  return {
    ...server,
    script: (path, answers) => scripts.set(path, typeof answers === 'function' ? answers : [...answers]),
  }
}

export interface TokenServer extends ScriptedServer {
  readonly realm: string
  /** Whether an `Authorization` holds a token that is good. */
  accepts(authorization: string | undefined): boolean
  /** No token is good any more. */
  revoke(): void
}

/** Gives a new token at each request that holds the right credential, or at each one when there is none. */
export async function startTokenServer(
  options: { readonly basic?: string; readonly refreshToken?: string; readonly lifetime?: number } = {},
): Promise<TokenServer> {
  const { basic, refreshToken, lifetime } = options
  const good = new Set<string>()
  let count = 0
  const server = await startServer((seen) => {
    const isRight =
      (basic === undefined || seen.headers.authorization === `Basic ${btoa(basic)}`) &&
      (refreshToken === undefined || new URLSearchParams(seen.body).get('refresh_token') === refreshToken)
    if (!isRight) return status(401)
    const token = `token-${++count}`
    good.add(`Bearer ${token}`)
    return json({ token, ...(lifetime !== undefined && { expires_in: lifetime }) })
  })
  return {
    ...server,
    realm: `${server.origin}/token`,
    accepts: (authorization) => authorization !== undefined && good.has(authorization),
    revoke: () => good.clear(),
  }
}

export function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return serve({ bytes: Buffer.from(JSON.stringify(value)), type: 'application/json' }, headers)
}

/** As a registry serves content, one range included. */
export function serve(
  { bytes, type = 'application/octet-stream', digest }: Served,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return (request, response) => {
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
    const start = Number(range?.[1] ?? 0)
    const end = range?.[2] ? Math.min(Number(range[2]) + 1, bytes.length) : bytes.length
    if (start >= bytes.length && start > 0) {
      response.writeHead(416, { 'Content-Range': `bytes */${bytes.length}` }).end()
      return
    }
    const isPart = end - start < bytes.length
    response.writeHead(isPart ? 206 : 200, {
      'Content-Type': type,
      'Content-Length': end - start,
      ...(isPart && { 'Content-Range': `bytes ${start}-${end - 1}/${bytes.length}` }),
      ...(digest !== undefined && { 'Docker-Content-Digest': digest }),
      ...headers,
    })
    response.end(request.method === 'HEAD' ? undefined : bytes.subarray(start, end))
  }
}

/** One page of a list of tags, and the way to the next. */
function page(served: Served, url: URL, size: number): Answer {
  const { name, tags } = JSON.parse(Buffer.from(served.bytes).toString()) as { name: string; tags: string[] }
  const start = tags.indexOf(url.searchParams.get('last') ?? '') + 1
  const part = tags.slice(start, start + size)
  const isLast = start + size >= tags.length
  const link = `<${url.pathname}?last=${part.at(-1)}>; rel="next"`
  return json({ name, tags: part }, isLast ? {} : { Link: link })
}

/** Answers as a function says, and remembers every request. */
export async function startServer(answer: (seen: SeenRequest) => Answer): Promise<ScriptedServer> {
  const requests: SeenRequest[] = []
  const server = createServer(async (request, response) => {
    // A client that hangs up is its own affair.
    response.on('error', () => {})
    const { method = '', url = '', headers } = request
    const body = (await buffer(request)).toString()
    const seen = { method, path: url, headers, body }
    requests.push(seen)
    answer(seen)(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin: `http://${host}`,
    host,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
