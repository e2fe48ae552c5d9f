import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Answers one request, in whatever way. */
export type ListReply = (request: IncomingMessage, response: ServerResponse) => void

/** Where providers publish their lists, each at the path of its id. */
export interface ListServer extends AsyncDisposable {
  readonly origin: string
  /** What each path answers; a path that is not here answers 404. */
  readonly replies: Map<string, ListReply>
  /** Every request so far, as `METHOD path`. */
  readonly requests: readonly string[]
}

export async function startListServer(replies: Record<string, ListReply> = {}): Promise<ListServer> {
  const requests: string[] = []
  const known = new Map(Object.entries(replies))
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    const reply = known.get(request.url ?? '') ?? status(404)
    reply(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    replies: known,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A list, as a whole; with an entity tag, only to those who do not have it. */
export function list(text: string, etag?: string): ListReply {
  return (request, response) => {
    if (etag !== undefined && request.headers['if-none-match'] === etag) response.writeHead(304).end()
    else response.writeHead(200, etag === undefined ? {} : { ETag: etag }).end(text)
  }
}

export function status(code: number, headers: Record<string, string> = {}): ListReply {
  return (_, response) => {
    response.writeHead(code, headers).end()
  }
}

/** Promises more than comes, and hangs up. */
export function truncated(text: string): ListReply {
  return (_, response) => {
    response.writeHead(200, { 'Content-Length': String(text.length * 2) })
    response.write(text, () => response.destroy())
  }
}

/** Begins, and says no more. */
export function stalled(text: string): ListReply {
  return (_, response) => {
    response.writeHead(200).write(text)
  }
}
