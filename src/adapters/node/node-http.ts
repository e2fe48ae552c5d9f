import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Duplex } from 'node:stream'
import type { DoorReply } from '../../server/reply.ts'
import type { Door } from '../../server/request.ts'
import { HEADER_LIMITS } from '../listener.ts'
import { NodeRequest } from './node-request.ts'
import { FAILED, refusalReply } from './refusal-reply.ts'
import { type HeadFault, MALFORMED } from './request-head.ts'
import { cancelBody, isFlowing, sendBody } from './send-body.ts'

/** The connection behind a gate. */
export interface GateOwner {
  readonly peer: string
  writePart(chunk: Uint8Array, done: (error?: Error | null) => void): void
  /** The answer is out. */
  endReply(isLast: boolean): void
  /** The request cannot be read; nothing was answered. */
  refuse(fault: HeadFault): void
  destroy(): void
  /** The answer that is being sent will never be whole. */
  reset(): void
}

/** A way for one connection's requests, one at a time, through node:http. */
export interface NodeHttpGate {
  /** Serves a request, given from its first byte to its blank line; with `reply`, that is its answer. */
  serve(head: Buffer, isLast: boolean, reply?: DoorReply): void
  destroy(): void
}

/** node:http, for all requests that are not plain. */
export interface NodeHttp {
  open(owner: GateOwner): NodeHttpGate
}

interface NodeHttpParts {
  readonly door: Door
  readonly onError: (error: unknown) => void
  readonly isDraining: () => boolean
}

/** Makes a server that never listens: it is given a stream for each connection, with a request at a time in it. */
export function createNodeHttp(parts: NodeHttpParts): NodeHttp {
  const gates = new WeakMap<object, Gate>()
  const answer = (incoming: IncomingMessage, response: ServerResponse) => {
    const exchange = gates.get(incoming.socket)?.takeOrder()
    // Only if it read two requests where there is one.
    if (exchange === undefined) incoming.socket.destroy()
    else new Exchange(exchange, incoming, response, parts).answer()
  }
  // What is too large is refused before; what may keep a connection open, and how long, is its connection's affair.
  const server = createServer(
    { maxHeaderSize: 2 * HEADER_LIMITS.bytes, keepAliveTimeout: 0, requireHostHeader: false },
    answer,
  )
  server.maxHeadersCount = 0
  // Nobody here wants a body, so nobody asks for one.
  server.on('checkContinue', answer)
  server.on('clientError', (_: Error, socket: Duplex) => gates.get(socket)?.fail())
  return {
    open(owner) {
      const gate = new Gate(owner)
      gates.set(gate, gate)
      gate.on('error', () => owner.destroy())
      server.emit('connection', gate)
      return gate
    },
  }
}

interface Order {
  readonly owner: GateOwner
  readonly isLast: boolean
  readonly reply: DoorReply | undefined
}

class Gate extends Duplex implements NodeHttpGate {
  readonly #owner: GateOwner
  #order: Order | undefined

  constructor(owner: GateOwner) {
    super()
    this.#owner = owner
  }

  serve(head: Buffer, isLast: boolean, reply?: DoorReply): void {
    this.#order = { owner: this.#owner, isLast, reply }
    this.push(head)
  }

  takeOrder(): Order | undefined {
    const order = this.#order
    this.#order = undefined
    return order
  }

  fail(): void {
    const order = this.takeOrder()
    if (order === undefined) {
      this.#owner.destroy()
      return
    }
    cancelBody(order.reply?.body)
    this.#owner.refuse(MALFORMED)
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#owner.writePart(chunk, done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    cancelBody(this.takeOrder()?.reply?.body)
    done(error)
  }
}

/** One request and its answer. */
class Exchange {
  readonly #order: Order
  readonly #incoming: IncomingMessage
  readonly #response: ServerResponse
  readonly #parts: NodeHttpParts
  #isLast: boolean
  #cancel: (() => void) | undefined

  constructor(order: Order, incoming: IncomingMessage, response: ServerResponse, parts: NodeHttpParts) {
    this.#order = order
    this.#incoming = incoming
    this.#response = response
    this.#parts = parts
    this.#isLast = order.isLast
    let isWhole = false
    response.once('finish', () => {
      isWhole = true
    })
    response.once('close', () => {
      this.#cancel?.()
      if (isWhole) order.owner.endReply(this.#isLast)
      else order.owner.destroy()
    })
  }

  answer(): void {
    try {
      const reply =
        this.#order.reply ?? this.#parts.door(new NodeRequest(this.#incoming, this.#order.owner.peer))
      if (reply instanceof Promise) {
        reply.then((late) => this.#write(late)).catch((error) => this.#fail(error))
      } else {
        this.#write(reply)
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  #write({ status, headers, body }: DoorReply): void {
    const response = this.#response
    if (response.destroyed || response.closed) {
      cancelBody(body)
      return
    }
    this.#isLast ||= this.#parts.isDraining()
    const raw: string[] = []
    for (const name in headers) raw.push(name, headers[name]!)
    if (this.#isLast) raw.push('Connection', 'close')
    try {
      response.writeHead(status, raw)
    } catch (error) {
      cancelBody(body)
      throw error
    }
    if (!isFlowing(body) || this.#incoming.method === 'HEAD') {
      cancelBody(body)
      if (body === undefined || isFlowing(body) || this.#incoming.method === 'HEAD') response.end()
      else response.end(body)
      return
    }
    // A body may take its time, and clients give up on an answer of which they have seen nothing.
    response.flushHeaders()
    const length = headers['Content-Length']
    this.#cancel = sendBody(body, response, {
      length: length === undefined ? undefined : Number(length),
      onProgress() {},
      onEnd: () => {
        this.#cancel = undefined
        response.end()
      },
      onError: (error) => {
        this.#cancel = undefined
        this.#fail(error)
      },
    })
  }

  #fail(error: unknown): void {
    const response = this.#response
    this.#parts.onError(error)
    if (response.headersSent || response.destroyed) {
      this.#order.owner.reset()
      return
    }
    const { status, headers, body } = refusalReply(FAILED)
    this.#isLast = true
    response.writeHead(status, { ...headers, Connection: 'close' })
    response.end(this.#incoming.method === 'HEAD' ? undefined : body)
  }
}
