import type { Socket } from 'node:net'
import type { RefusedRequest } from '../listener.ts'
import { formatRefusal, TOO_MANY_CONNECTIONS } from './refusal-reply.ts'
import type { HeadFault } from './request-head.ts'

/** How many may take their time to read that they are too many; those beyond may not even get to read it. */
const LINGERING = 32
/** In milliseconds. */
const LINGER = 1000

let lingering = 0

/**
 * A fatal alert, `internal_error`, of a server that has not said anything yet (RFC 8446, 5.1 and 6): the cheapest answer
 * that a client of TLS can read.
 */
const TLS_ALERT = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x50])

/** Answers 503 to a connection beyond the limit, and closes it; over TLS, where that would cost a handshake, an alert. */
export function turnAway(socket: Socket, isTls: boolean, onRefused: (refusal: RefusedRequest) => void): void {
  const { status, reason } = TOO_MANY_CONNECTIONS
  onRefused({ status, reason, peer: socket.remoteAddress ?? '' })
  sayLast(socket, isTls ? TLS_ALERT : Buffer.from(formatRefusal(TOO_MANY_CONNECTIONS), 'latin1'))
}

/** Answers a connection that gets no further, and closes it. */
export function refuseConnection(
  socket: Socket,
  fault: HeadFault,
  onRefused: (refusal: RefusedRequest) => void,
): void {
  onRefused({ status: fault.status, reason: fault.reason, peer: socket.remoteAddress ?? '' })
  sayLast(socket, Buffer.from(formatRefusal(fault), 'latin1'))
}

/**
 * To close on a request that has not been read would reset the connection and take the answer from the client, so a few
 * are read for a moment.
 */
function sayLast(socket: Socket, words: Buffer): void {
  socket.on('error', () => socket.destroy())
  socket.end(words)
  if (lingering >= LINGERING) {
    socket.destroySoon()
    return
  }
  lingering++
  const timer = setTimeout(() => socket.destroy(), LINGER)
  socket.resume()
  socket.once('close', () => {
    lingering--
    clearTimeout(timer)
  })
}
