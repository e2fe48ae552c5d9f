import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { faultReply } from '../../server/fault-reply.ts'
import type { DoorReply } from '../../server/reply.ts'
import { LIMITS } from '../listener.ts'
import { NodeRequest } from './node-request.ts'
import type { PlainService } from './plain-connection.ts'

/** The connections that node:http serves. */
export interface HttpConnections {
  /** Takes a connection over for good, with what was read of it and, where known, the answer to that. */
  handOver(socket: Socket, chunk: Buffer, reply?: DoorReply): void
  /** Ends those on which nothing runs; the others end after their answer. */
  drain(): void
}

interface State {
  /** Requests that are not answered to the end; more than one when a client does not wait for answers. */
  running: number
  /** While nothing runs: when the headers of the next request must be complete. */
  deadline: NodeJS.Timeout | undefined
  /** The answer to the request that the connection was handed over with. */
  reply: DoorReply | undefined
}

/** Serves whatever is HTTP/1.1, and refuses what is not. */
export function createHttpConnections({
  door,
  onError,
  isDraining,
}: Omit<PlainService, 'handOver' | 'outbox'>): HttpConnections {
  const states = new Map<Socket, State>()
  // This server never listens, and without that node:http keeps no time: hence the deadlines here.
  const server = createServer({ maxHeaderSize: LIMITS.headerBytes, keepAliveTimeout: 0 }, answer)
  server.maxHeadersCount = LIMITS.headerCount
  server.on('clientError', refuseMalformed)

  function answer(incoming: IncomingMessage, response: ServerResponse): void {
    const { socket } = incoming
    const state = states.get(socket)!
    clearTimeout(state.deadline)
    state.running++
    response.once('close', () => {
      state.running--
      if (state.running > 0 || socket.destroyed) return
      if (isDraining()) socket.end()
      else state.deadline = setTimeout(() => socket.destroy(), LIMITS.keepAliveTimeout)
    })
    const known = state.reply
    state.reply = undefined
    try {
      const reply = known ?? door(new NodeRequest(incoming))
      if (reply instanceof Promise) {
        reply.then((late) => write(response, late, incoming)).catch((error) => fail(response, error))
      } else {
        write(response, reply, incoming)
      }
    } catch (error) {
      fail(response, error)
    }
  }

  function write(response: ServerResponse, reply: DoorReply, incoming: IncomingMessage): void {
    const raw: string[] = []
    for (const name in reply.headers) raw.push(name, reply.headers[name]!)
    if (isDraining() && states.get(incoming.socket)?.running === 1) raw.push('Connection', 'close')
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

  function fail(response: ServerResponse, error: unknown): void {
    onError(error)
    if (response.headersSent) {
      response.destroy()
      return
    }
    response.writeHead(500, { 'Content-Length': '0' })
    response.end()
  }

  return {
    handOver(socket, chunk, reply) {
      const deadline = setTimeout(() => socket.destroy(), LIMITS.headersTimeout)
      const state: State = { running: 0, deadline, reply }
      states.set(socket, state)
      const forget = () => {
        states.delete(socket)
        clearTimeout(state.deadline)
        if (state.reply?.body instanceof ReadableStream) state.reply.body.cancel().catch(onError)
      }
      if (socket.destroyed) {
        forget()
        return
      }
      socket.once('close', forget)
      socket.pause()
      socket.unshift(chunk)
      server.emit('connection', socket)
      socket.resume()
    },
    drain() {
      for (const [socket, { running }] of states) {
        if (running === 0) socket.end()
      }
    },
  }
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
      : ([400, 'this is not a well-formed HTTP request'] as const)
  const reply = faultReply({ code: 'UNSUPPORTED', message }, status)
  const headers = Object.entries({ ...reply.headers, Connection: 'close' })
  socket.end(
    `HTTP/1.1 ${status} Refused\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${reply.body}`,
  )
}
