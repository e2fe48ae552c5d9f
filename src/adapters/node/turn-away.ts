import type { Socket } from 'node:net'
import type { RefusedRequest } from '../listener.ts'
import { formatRefusal } from './refusal-reply.ts'
import type { HeadFault } from './request-head.ts'

/** How many may take their time to read why; those beyond may not even get to read it. */
const LINGERING = 32
/** In milliseconds. */
const LINGER = 1000

let lingering = 0

/**
 * A fatal alert, `internal_error`, of a server that has not said anything yet (RFC 8446, 5.1 and 6): the cheapest answer
 * that a client of TLS can read. Any other would cost a handshake.
 */
export const TLS_ALERT: Uint8Array = Uint8Array.of(0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x50)

/**
 * Tells a connection why it gets no further, in other `words` where it does not speak HTTP yet, and closes it. To close
 * on a request that has not been read would reset the connection and take the answer from the client, so a few are read
 * for a moment.
 */
export function turnAway(
  socket: Socket,
  fault: HeadFault,
  onRefused: (refusal: RefusedRequest) => void,
  words: string | Uint8Array = formatRefusal(fault),
): void {
  onRefused({ status: fault.status, reason: fault.reason, peer: socket.remoteAddress ?? '' })
  socket.on('error', () => socket.destroy())
  socket.end(words, 'latin1')
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
