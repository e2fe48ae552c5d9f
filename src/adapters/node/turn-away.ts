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
 * Answers a connection with a fault before it has asked anything, and closes it. To close on a request that has not been read
 * would reset the connection and take the answer from the client, so a few are read for a moment.
 */
export function turnAway(
  socket: Socket,
  fault: HeadFault,
  onRefused: (refusal: RefusedRequest) => void,
): void {
  const { status, reason } = fault
  onRefused({ status, reason, peer: socket.remoteAddress ?? '' })
  socket.on('error', () => socket.destroy())
  socket.end(formatRefusal(fault), 'latin1')
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
