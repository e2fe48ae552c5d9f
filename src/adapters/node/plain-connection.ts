import type { Socket } from 'node:net'
import type { DoorReply } from '../../server/reply.ts'
import type { Door } from '../../server/request.ts'
import type { Outbox } from './outbox.ts'
import { formatPlainReply } from './plain-reply.ts'
import { PlainRequest } from './plain-request.ts'

/** What the connections of one listener share. */
export interface PlainService {
  readonly door: Door
  readonly onError: (error: unknown) => void
  /** Once true, every reply is the last of its connection. */
  readonly isDraining: () => boolean
  readonly outbox: Outbox
  /** Takes a connection over for good; the first thing to be read is `chunk`, whose answer may be known already. */
  readonly handOver: (socket: Socket, chunk: Buffer, reply?: DoorReply) => void
}

/**
 * A connection on which plain requests have come so far, each in a chunk of its own: as long as that is so, a request
 * costs half of what node:http takes for it. The first chunk that is anything else (half a request, two at once, a
 * body, a trick), and the first reply that has to be streamed, hand the connection over to node:http.
 */
export class PlainConnection {
  readonly #socket: Socket
  readonly #service: PlainService
  readonly #peer: string
  #isWaiting = false

  constructor(socket: Socket, service: PlainService) {
    this.#socket = socket
    this.#service = service
    this.#peer = socket.remoteAddress ?? ''
    socket.on('data', this.#onData)
  }

  /** Ends the connection unless an answer is on its way, which will then end it. */
  drain(): void {
    if (!this.#isWaiting) this.#socket.end()
  }

  write(reply: string | Uint8Array): void {
    const socket = this.#socket
    const mayGoOn = typeof reply === 'string' ? socket.write(reply, 'latin1') : socket.write(reply)
    if (mayGoOn) return
    // A client that asks without reading must not fill our memory with its answers.
    socket.pause()
    socket.once('drain', this.#resume)
  }

  readonly #resume = (): void => {
    if (!this.#isWaiting && !this.#socket.writableNeedDrain) this.#socket.resume()
  }

  readonly #onData = (chunk: Buffer): void => {
    const request = PlainRequest.parse(chunk.toString('latin1'), this.#peer)
    if (request === undefined) {
      this.#handOver(chunk)
      return
    }
    try {
      const reply = this.#service.door(request)
      if (reply instanceof Promise) this.#wait(reply, request, chunk)
      else this.#answer(reply, request, chunk)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** What arrives in the meantime stays in the socket, so that answers keep the order of their requests. */
  #wait(reply: Promise<DoorReply>, request: PlainRequest, chunk: Buffer): void {
    this.#isWaiting = true
    this.#socket.pause()
    reply
      .then((late) => {
        this.#isWaiting = false
        this.#resume()
        this.#answer(late, request, chunk)
      })
      .catch((error) => this.#fail(error))
  }

  #answer(reply: DoorReply, request: PlainRequest, chunk: Buffer): void {
    const socket = this.#socket
    const isLast = this.#service.isDraining()
    const text = formatPlainReply(reply, request.method, isLast)
    if (text === undefined) {
      this.#handOver(chunk, reply)
      return
    }
    this.#service.outbox.add(this, text)
    if (!isLast) return
    this.#service.outbox.flush()
    socket.end()
  }

  #handOver(chunk: Buffer, reply?: DoorReply): void {
    this.#service.outbox.flush()
    this.#socket.off('data', this.#onData)
    this.#service.handOver(this.#socket, chunk, reply)
  }

  #fail(error: unknown): void {
    this.#service.onError(error)
    this.#service.outbox.flush()
    this.#socket.end('HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
  }
}
