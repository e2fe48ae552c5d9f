import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { RefusedRequest, TimeLimits } from '../listener.ts'
import type { Watched } from './deadlines.ts'
import { TOO_SLOW } from './handshake-fault.ts'
import { NOT_TLS } from './refusal-reply.ts'
import { turnAway } from './turn-away.ts'
import type { Turn, Turns } from './turns.ts'

/** What a handshake needs of whoever holds it. */
export interface HandshakeOwner {
  readonly timeLimits: Pick<TimeLimits, 'firstByte' | 'handshake' | 'hangUp'>
  readonly onRefused: (refusal: RefusedRequest) => void
  /** Hands out turns: a handshake costs as much as a hundred requests. */
  readonly turns: Turns
  /** Goes on with a client that speaks TLS; what it has said is in the socket again. */
  readonly shake: (socket: Socket) => void
}

/** The first byte of a handshake: the content type of its record (RFC 8446, 5.1). */
const HANDSHAKE_RECORD = 0x16

/**
 * A connection that is to become one over TLS. Its first byte is looked at before anything is computed: somebody who
 * speaks HTTP in the clear is told so, in the clear.
 */
export class Handshake implements Watched, Turn {
  readonly peer: string
  progress = 0
  readonly #socket: Socket
  readonly #owner: HandshakeOwner
  readonly #onSecure: (socket: TLSSocket) => void
  #phase: 'new' | 'shaking' | 'refused' = 'new'

  constructor(socket: Socket, owner: HandshakeOwner, onSecure: (socket: TLSSocket) => void) {
    this.#socket = socket
    this.#owner = owner
    this.#onSecure = onSecure
    this.peer = socket.remoteAddress ?? ''
    socket.once('data', this.#onFirst)
    socket.once('end', this.#onEnd)
    socket.on('error', () => socket.destroy())
  }

  timeLimit(): number {
    const { firstByte, handshake, hangUp } = this.#owner.timeLimits
    return { new: firstByte, shaking: handshake, refused: hangUp }[this.#phase]
  }

  expire(): void {
    if (this.#phase === 'shaking') {
      this.#owner.onRefused({ status: 'tls', reason: TOO_SLOW, peer: this.peer })
    }
    this.#socket.destroy()
  }

  closeIfIdle(): void {
    this.#socket.destroy()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** For who shakes hands, once that is done. */
  finish(secured: TLSSocket): void {
    // Like any connection here, it may be closed by the client in one direction only.
    secured.allowHalfOpen = true
    this.#onSecure(secured)
  }

  readonly #onFirst = (chunk: Buffer): void => {
    const socket = this.#socket
    socket.removeListener('end', this.#onEnd)
    this.progress++
    if (chunk[0] !== HANDSHAKE_RECORD) {
      this.#phase = 'refused'
      turnAway(socket, NOT_TLS, this.#owner.onRefused)
      return
    }
    this.#phase = 'shaking'
    socket.pause()
    socket.unshift(chunk)
    this.#owner.turns.add(this)
  }

  takeTurn(): void {
    const socket = this.#socket
    if (socket.destroyed) return
    // A handshake with a client that has closed its half never ends: nobody waits for that.
    socket.allowHalfOpen = false
    this.#owner.shake(socket)
  }

  /** Most often a balancer that looks whether somebody listens. */
  readonly #onEnd = (): void => {
    this.#socket.end()
  }
}
