import { createServer, type Socket } from 'node:net'
import { PortolanError } from '../../errors.ts'
import type { Door } from '../../server/request.ts'
import { LIMITS, type Listener, type ListenOptions } from '../listener.ts'
import { createHttpConnections } from './http-connections.ts'
import { Outbox } from './outbox.ts'
import { PlainConnection } from './plain-connection.ts'

/**
 * Serves a door over HTTP/1.1 on Node and on Bun, whose own server normalises a target before anyone can refuse it.
 * Throws `LISTEN_FAILED` naming the address when it cannot be had.
 */
export async function listen(door: Door, { host, port, onError }: ListenOptions): Promise<Listener> {
  let draining = false
  const isDraining = () => draining
  const outbox = new Outbox()
  const plain = new Map<Socket, PlainConnection>()
  /** Every connection, with the bytes that had gone either way when it was last looked at. */
  const open = new Map<Socket, number>()
  const http = createHttpConnections({ door, onError, isDraining })
  const service = {
    door,
    onError,
    isDraining,
    outbox,
    handOver: (...[socket, chunk, reply]: Parameters<typeof http.handOver>) => {
      plain.delete(socket)
      http.handOver(socket, chunk, reply)
    },
  }

  const server = createServer({ noDelay: true }, (socket) => {
    open.set(socket, -1)
    plain.set(socket, new PlainConnection(socket, service))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      open.delete(socket)
      plain.delete(socket)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `cannot listen on ${host}:${port}: ${cause.message}`
      reject(new PortolanError('LISTEN_FAILED', message, { host, port }, cause))
    })
    server.listen({ host, port }, resolve)
  })
  // A timer for each connection would be set back at every read and write, a tenth of what a redirect costs.
  const sweep = setInterval(() => {
    for (const [socket, before] of open) {
      const moved = socket.bytesRead + socket.bytesWritten
      if (moved === before) socket.destroy()
      else open.set(socket, moved)
    }
  }, LIMITS.keepAliveTimeout)
  sweep.unref()
  const address = server.address()
  return {
    host,
    port: typeof address === 'object' && address !== null ? address.port : port,
    drain(milliseconds) {
      draining = true
      clearInterval(sweep)
      return new Promise((resolve) => {
        const cut = setTimeout(() => {
          for (const socket of open.keys()) socket.destroy()
        }, milliseconds)
        server.close(() => {
          clearTimeout(cut)
          resolve()
        })
        outbox.flush()
        for (const connection of plain.values()) connection.drain()
        http.drain()
      })
    },
  }
}
