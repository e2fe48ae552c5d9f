import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/**
 * The system's number of a socket that is open and speaks plainly, on Node and on Bun. It is to be used at once: as soon
 * as a socket is closed, its number may be that of another.
 */
export function descriptorOf(socket: Socket): number | undefined {
  if (socket.destroyed || socket instanceof TLSSocket || !('_handle' in socket)) return undefined
  const { _handle: handle } = socket
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return undefined
  return typeof handle.fd === 'number' && handle.fd > 0 ? handle.fd : undefined
}
