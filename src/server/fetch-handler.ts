import type { Located } from '../clouds/located.ts'
import { isFilePart } from '../internal/file-part.ts'
import type { DoorReply } from './reply.ts'
import type { Door } from './request.ts'

/** What a web `Request` does not say. */
export interface Connection {
  /** Address of the connection's other end; empty when there is none. */
  readonly peer: string
  /** The name of the client's place, such as `aws/eu-west-3`, where the runtime knows that. */
  readonly place?: string
  /** Where the runtime saw the peer, by its network or its country; the config and a cloud's own list are surer. */
  readonly seen?: Located
  /**
   * Path and query as they stood on the wire. Without it the URL of the request is decided, in which the runtime has
   * resolved dots and percent-encoding already: docs/embedding.md lists what can then no longer be told apart.
   */
  readonly rawTarget?: string
}

/** Answers a web `Request`: synchronous when everything is known. */
export type FetchHandler = (request: Request, connection: Connection) => Response | Promise<Response>

export function createFetchHandler(door: Door): FetchHandler {
  return (request, { peer, place, seen, rawTarget }) => {
    const { headers, method, url } = request
    const reply = door({
      method,
      target: rawTarget ?? targetOf(url),
      peer,
      ...(place !== undefined && { place }),
      ...(seen !== undefined && { seen }),
      header: (name) => headers.get(name) ?? undefined,
    })
    return reply instanceof Promise ? reply.then(toResponse) : toResponse(reply)
  }
}

/** Path and query, without taking the URL apart once more. */
function targetOf(url: string): string {
  const path = url.indexOf('/', url.indexOf('://') + 3)
  const fragment = url.indexOf('#', path)
  return url.slice(path, fragment < 0 ? undefined : fragment)
}

/** A web `Response` of the same. */
export function toResponse({ status, headers, body }: DoorReply): Response {
  const content = isFilePart(body) ? body.stream() : (body ?? null)
  return new Response(content as ConstructorParameters<typeof Response>[0], { status, headers })
}
