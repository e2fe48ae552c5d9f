import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { PortolanError } from '../../errors.ts'
import { faultReply } from '../../server/fault-reply.ts'
import type { DoorReply } from '../../server/reply.ts'
import type { Door, DoorRequest } from '../../server/request.ts'
import { LIMITS, type Listener, type ListenOptions } from '../listener.ts'

/** Serves a door over HTTP/1.1 on Node. Throws `LISTEN_FAILED` naming the address when it cannot be had. */
export async function listen(door: Door, { host, port, onError }: ListenOptions): Promise<Listener> {
  const server = createServer(
    {
      maxHeaderSize: LIMITS.headerBytes,
      headersTimeout: LIMITS.headersTimeout,
      requestTimeout: LIMITS.requestTimeout,
      keepAliveTimeout: LIMITS.keepAliveTimeout,
    },
    (incoming, response) => {
      try {
        const reply = door(new NodeRequest(incoming))
        if (reply instanceof Promise) {
          reply
            .then((late) => write(response, late, incoming, onError))
            .catch((error) => fail(response, error, onError))
        } else {
          write(response, reply, incoming, onError)
        }
      } catch (error) {
        fail(response, error, onError)
      }
    },
  )
  server.maxHeadersCount = LIMITS.headerCount
  server.on('clientError', refuseMalformed)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new PortolanError(
          'LISTEN_FAILED',
          `cannot listen on ${host}:${port}: ${cause.message}`,
          { host, port },
          cause,
        ),
      )
    })
    server.listen({ host, port }, resolve)
  })
  const address = server.address()
  return {
    host,
    port: typeof address === 'object' && address !== null ? address.port : port,
    drain(milliseconds) {
      return new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), milliseconds)
        server.close(() => {
          clearTimeout(cut)
          resolve()
        })
        // Busy keep-alive connections close after their answer: see `write`.
        server.closeIdleConnections()
      })
    },
  }
}

class NodeRequest implements DoorRequest {
  readonly #incoming: IncomingMessage
  readonly method: string
  readonly target: string

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming
    this.method = incoming.method ?? ''
    this.target = incoming.url ?? ''
  }

  get peer(): string {
    return this.#incoming.socket.remoteAddress ?? ''
  }

  /** Reads the raw list: Node's `headers` object costs more than a redirect does, and drops some duplicates. */
  header(name: string): string | undefined {
    const raw = this.#incoming.rawHeaders
    let found: string | undefined
    for (let index = 0; index < raw.length; index += 2) {
      const key = raw[index]!
      if (key.length !== name.length || key.toLowerCase() !== name) continue
      const value = raw[index + 1]!
      found = found === undefined ? value : `${found}, ${value}`
    }
    return found
  }
}

function write(
  response: ServerResponse,
  reply: DoorReply,
  incoming: IncomingMessage,
  onError: (error: unknown) => void,
): void {
  const raw: string[] = []
  for (const name in reply.headers) raw.push(name, reply.headers[name]!)
  response.writeHead(reply.status, raw)
  const { body } = reply
  if (body instanceof ReadableStream) {
    if (incoming.method === 'HEAD') {
      response.end()
      body.cancel().catch(onError)
      return
    }
    pipeline(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]), response).catch((error) => {
      // A client that hangs up in the middle of a blob is its own affair.
      if (!response.destroyed || error.code !== 'ERR_STREAM_PREMATURE_CLOSE') onError(error)
      response.destroy()
    })
    return
  }
  if (body === undefined || incoming.method === 'HEAD') response.end()
  else response.end(body)
}

function fail(response: ServerResponse, error: unknown, onError: (error: unknown) => void): void {
  onError(error)
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(500, { 'Content-Length': '0' })
  response.end()
}

/** Answers what is not HTTP, or too much of it, in the words of the OCI spec, and hangs up. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ([431, 'the request headers are too large'] as const)
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ([408, 'the request took too long to arrive'] as const)
        : ([400, 'this is not a well-formed HTTP request'] as const)
  const reply = faultReply({ code: 'UNSUPPORTED', message }, status)
  const headers = Object.entries({ ...reply.headers, Connection: 'close' })
  socket.end(
    `HTTP/1.1 ${status} Refused\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${reply.body}`,
  )
}
