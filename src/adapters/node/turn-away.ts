import type { Socket } from 'node:net'
import type { RefusedRequest } from '../listener.ts'
import { formatRefusal, TOO_MANY_CONNECTIONS } from './refusal-reply.ts'

/** How many may take their time to read that they are too many; those beyond may not even get to read it. */
const LINGERING = 32
/** In milliseconds. */
const LINGER = 1000

let lingering = 0

/**
 * Answers 503 to a connection beyond the limit, and closes it. To close on a request that has not been read
 * would reset the connection and take the answer from the client, so a few are read for a moment.
 */
export function turnAway(socket: Socket, onRefused: (refusal: RefusedRequest) => void): void {
  const { status, reason } = TOO_MANY_CONNECTIONS
  onRefused({ status, reason, peer: socket.remoteAddress ?? '' })
  socket.on('error', () => socket.destroy())
  socket.end(formatRefusal(TOO_MANY_CONNECTIONS), 'latin1')
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
