import type { Socket } from 'node:net'
import { isFilePart } from '../../internal/file-part.ts'
import type { DoorReply } from '../../server/reply.ts'
import type { Door } from '../../server/request.ts'
import { HEADER_LIMITS, type RefusedRequest, type RequestReader, type TimeLimits } from '../listener.ts'
import type { Watched } from './deadlines.ts'
import type { FileSender } from './file-sender.ts'
import type { NodeHttp, NodeHttpGate } from './node-http.ts'
import { formatPlainReply } from './plain-reply.ts'
import { PlainRequest } from './plain-request.ts'
import { FAILED, formatRefusal } from './refusal-reply.ts'
import { CUT_SHORT, type HeadFault, judgeHead, judgeStart, TOO_SLOW } from './request-head.ts'
import { cancelBody, type FlowingBody, isFlowing, type SendBodyOptions, sendBody } from './send-body.ts'
import type { TurnReplies } from './turn-replies.ts'
import type { Turns } from './turns.ts'

/** What the connections of one listener share. */
export interface Service {
  readonly door: Door
  readonly onError: (error: unknown) => void
  readonly onRefused: (refusal: RefusedRequest) => void
  /** Once true, every reply is the last of its connection. */
  readonly isDraining: () => boolean
  /** Asked for each request, as it may change. */
  reader: RequestReader
  readonly timeLimits: TimeLimits
  readonly replies: TurnReplies
  readonly turns: Turns
  readonly http: NodeHttp
  readonly files: FileSender
}

/**
 * What a connection is at: nothing has come yet; the last answer is out and nothing has come since; a part of a request
 * is here; a whole one waits for its turn; the door thinks; an answer is being sent; it only waits for the client to
 * hang up.
 */
type Phase = 'new' | 'idle' | 'reading' | 'waiting' | 'asking' | 'sending' | 'closing'

/** What may be held of requests that have come too early; a socket that is paused gives up to two chunks of 64 KiB. */
const MAX_INPUT = 512 * 1024
/** What is read and thrown away of a client that goes on sending after its last answer. */
const MAX_DISCARDED = 1024 * 1024
const EMPTY = Buffer.alloc(0)

/**
 * A connection: one request at a time, answers in order, and a turn for each. A plain request is read and answered right
 * here, for half of what node:http takes; any other is handed to node:http alone, so that it never sees two.
 */
export class Connection implements Watched {
  readonly peer: string
  progress = 0
  readonly #socket: Socket
  readonly #beneath: Socket
  readonly #service: Service
  #phase: Phase = 'new'
  /** What has come and is not answered. */
  #input: Buffer = EMPTY
  #discarded = 0
  #isPaused = false
  /** Whether the kernel takes no more for now. */
  #isBlocked = false
  /** Whether the client has closed its half. */
  #hasEnded = false
  #gate: NodeHttpGate | undefined
  /** Gives up the answer that is being sent. */
  #cancel: (() => void) | undefined

  /** `beneath` is the connection of the system, where the socket is a layer on top of it. */
  constructor(socket: Socket, service: Service, beneath = socket) {
    this.#socket = socket
    this.#beneath = beneath
    this.#service = service
    this.peer = socket.remoteAddress ?? ''
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('drain', this.#onDrain)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      this.#cancel?.()
      this.#gate?.destroy()
    })
  }

  /** Whether it may be closed and nobody misses an answer. */
  get isIdle(): boolean {
    return this.#phase === 'new' || this.#phase === 'idle'
  }

  timeLimit(): number {
    const limits = this.#service.timeLimits
    switch (this.#phase) {
      case 'new':
        return limits.firstByte
      case 'idle':
        return limits.idle
      case 'reading':
        return limits.headers
      case 'sending':
        // What waits for us is not the client's doing.
        return this.#socket.writableLength > 0 ? limits.send : Number.POSITIVE_INFINITY
      case 'closing':
        return limits.hangUp
      default:
        return Number.POSITIVE_INFINITY
    }
  }

  expire(): void {
    if (this.#phase === 'reading' && this.#input.length > 0) this.#refuse(TOO_SLOW)
    else this.#socket.destroy()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Breaks off, so that no client can take what it has for the whole: one of HTTP/1.0 knows the end by our hanging up. */
  reset(): void {
    this.#beneath.resetAndDestroy()
    this.#socket.destroy()
  }

  /** For the replies of a turn. */
  write(reply: string | Uint8Array): void {
    const socket = this.#socket
    if (socket.destroyed) return
    const mayGoOn = typeof reply === 'string' ? socket.write(reply, 'latin1') : socket.write(reply)
    if (mayGoOn) return
    // A client that asks without reading must not fill our memory with its answers.
    this.#isBlocked = true
    if (this.#phase === 'idle') this.#phase = 'sending'
    this.#pause()
  }

  /** For node:http, whose answer this is a part of. */
  writePart(chunk: Uint8Array, done: (error?: Error | null) => void): void {
    this.#phase = 'sending'
    this.#socket.write(chunk, (error) => {
      this.progress++
      done(error)
    })
  }

  /** For node:http, once it has answered. */
  endReply(isLast: boolean): void {
    if (this.#phase !== 'closing') this.#done(isLast)
  }

  /** For node:http, which cannot read what it was given. */
  refuse(fault: HeadFault): void {
    this.#refuse(fault)
  }

  readonly #onData = (chunk: Buffer): void => {
    switch (this.#phase) {
      case 'new':
      case 'idle': {
        if (!this.#service.turns.mayGo()) {
          this.#input = chunk
          this.#phase = 'waiting'
          this.#service.turns.add(this)
          return
        }
        const request = this.#parse(chunk)
        if (request === undefined) this.#read(chunk)
        else this.#ask(request)
        return
      }
      case 'reading':
        this.#read(Buffer.concat([this.#input, chunk]), this.#input.length)
        return
      case 'closing':
        this.#discarded += chunk.length
        if (this.#discarded > MAX_DISCARDED) this.#socket.destroy()
        return
      default:
        // What the runtime has read already still comes though the socket is paused.
        this.#pause()
        this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk])
        if (this.#input.length > MAX_INPUT) this.#socket.destroy()
    }
  }

  readonly #onEnd = (): void => {
    this.#hasEnded = true
    if (this.isIdle) this.#close()
    else if (this.#phase === 'reading') this.#cutShort()
  }

  readonly #onDrain = (): void => {
    if (!this.#isBlocked) return
    this.#isBlocked = false
    this.progress++
    if (this.#phase === 'sending' && this.#cancel === undefined) this.#next()
  }

  takeTurn(): void {
    if (this.#phase !== 'waiting') return
    if (this.#isBlocked) {
      this.#phase = 'sending'
      return
    }
    const input = this.#input
    this.#input = EMPTY
    this.#read(input)
  }

  #parse(bytes: Buffer): PlainRequest | undefined {
    if (this.#service.reader === 'node-http') return undefined
    return PlainRequest.parse(bytes.toString('latin1'), this.peer)
  }

  /** Takes the first request from what has come; what was there `before` does not hold a whole one. */
  #read(bytes: Buffer, before = 0): void {
    const start = afterEmptyLines(bytes)
    const end = bytes.indexOf('\r\n\r\n', Math.max(start, before - 3), 'latin1')
    if (end < 0) {
      this.#awaitRest(start === 0 ? bytes : bytes.subarray(start))
      return
    }
    const head = bytes.subarray(start, end + 4)
    this.#input = bytes.subarray(end + 4)
    const request = this.#parse(head)
    if (request !== undefined) {
      this.#ask(request)
      return
    }
    const text = head.toString('latin1', 0, HEADER_LIMITS.bytes + 1)
    const judged = judgeHead(text)
    if ('status' in judged) this.#refuse(judged, text)
    else this.#serve(head, judged.isLast)
  }

  #awaitRest(input: Buffer): void {
    const text = input.toString('latin1')
    const fault = input.length === 0 ? undefined : judgeStart(text)
    if (fault !== undefined) {
      this.#refuse(fault, text)
      return
    }
    // An empty line between requests is allowed; it does not begin one.
    if (this.#phase !== 'reading') this.progress++
    this.#phase = 'reading'
    this.#input = input
    if (this.#hasEnded) this.#cutShort()
    else this.#resume()
  }

  #cutShort(): void {
    if (this.#input.length === 0) this.#close()
    else this.#refuse(CUT_SHORT)
  }

  #ask(request: PlainRequest): void {
    try {
      const reply = this.#service.door(request)
      if (reply instanceof Promise) this.#wait(reply, request)
      else this.#answer(reply, request)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** What arrives in the meantime stays in the socket, so that answers keep the order of their requests. */
  #wait(reply: Promise<DoorReply>, request: PlainRequest): void {
    this.#phase = 'asking'
    this.#pause()
    reply
      .then((late) => {
        if (this.#socket.destroyed) cancelBody(late.body)
        else this.#answer(late, request)
      })
      .catch((error) => this.#fail(error))
  }

  #answer(reply: DoorReply, request: PlainRequest): void {
    const isLast = this.#service.isDraining()
    const text = formatPlainReply(reply, request.method, isLast)
    if (text === undefined) {
      this.#serve(request.bytes(), isLast, reply)
      return
    }
    this.#service.replies.add(this, text)
    const { body } = reply
    if (isFlowing(body) && request.method !== 'HEAD') {
      this.#send(body, Number(reply.headers['Content-Length']), isLast)
      return
    }
    cancelBody(body)
    this.#done(isLast)
  }

  #send(body: FlowingBody, length: number, isLast: boolean): void {
    this.#service.replies.flush()
    this.#phase = 'sending'
    this.#pause()
    const options: SendBodyOptions = {
      length,
      onProgress: () => this.progress++,
      onEnd: () => {
        this.#cancel = undefined
        this.#done(isLast)
      },
      onError: (error) => {
        this.#cancel = undefined
        this.#service.onError(error)
        this.reset()
      },
    }
    this.#cancel = isFilePart(body)
      ? this.#service.files.send(body, this.#socket, options)
      : sendBody(body, this.#socket, options)
  }

  /** Leaves a request, and where it is known the answer, to node:http. */
  #serve(head: Buffer, isLast: boolean, reply?: DoorReply): void {
    this.#phase = 'asking'
    this.#pause()
    this.#service.replies.flush()
    this.#gate ??= this.#service.http.open(this)
    this.#gate.serve(head, isLast, reply)
  }

  #done(isLast: boolean): void {
    this.progress++
    if (isLast) this.#close()
    else this.#next()
  }

  #next(): void {
    if (this.#isBlocked) {
      this.#phase = 'sending'
    } else if (this.#input.length > 0) {
      this.#phase = 'waiting'
      this.#pause()
      this.#service.turns.add(this)
    } else if (this.#hasEnded) {
      this.#close()
    } else {
      this.#phase = 'idle'
      this.#resume()
    }
  }

  #refuse(fault: HeadFault, text = ''): void {
    this.#service.replies.flush()
    this.#service.onRefused({ status: fault.status, reason: fault.reason, peer: this.peer })
    this.#socket.write(formatRefusal(fault, /^[A-Z]+(?= )/.exec(text)?.[0]), 'latin1')
    this.#close()
  }

  #fail(error: unknown): void {
    this.#service.onError(error)
    if (this.#socket.destroyed || this.#phase === 'closing') return
    this.#service.replies.flush()
    this.#socket.write(formatRefusal(FAILED), 'latin1')
    this.#close()
  }

  /**
   * Says that nothing more will come, and reads on for a while: to close on what a client still sends would reset the
   * connection and take the answer from it (RFC 9112, 9.6).
   */
  #close(): void {
    this.#phase = 'closing'
    this.progress++
    this.#input = EMPTY
    this.#service.replies.flush()
    this.#socket.end()
    this.#resume()
  }

  /** Ends it if nothing runs on it. */
  closeIfIdle(): void {
    if (this.isIdle) this.#close()
  }

  #pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#socket.pause()
  }

  #resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#socket.resume()
  }
}

/** Where a request begins: a client may send an empty line before it (RFC 9112, 2.2). */
function afterEmptyLines(bytes: Buffer): number {
  let start = 0
  while (bytes[start] === 0x0d && bytes[start + 1] === 0x0a) start += 2
  return start
}
