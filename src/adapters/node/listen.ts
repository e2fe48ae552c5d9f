import { createServer, type Server } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ListenAddress } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'
import type { Door } from '../../server/request.ts'
import { type Listener, type ListenOptions, TIME_LIMITS } from '../listener.ts'
import { Connection, type Service } from './connection.ts'
import { connectionLimit, openFilesLimit } from './connection-limit.ts'
import { Deadlines } from './deadlines.ts'
import { createNodeHttp } from './node-http.ts'
import { Outbox } from './outbox.ts'
import { turnAway } from './turn-away.ts'
import { Turns } from './turns.ts'

/** How often connections are looked at for what takes too long, in milliseconds. */
const LOOK = 1000
/** How many turns of the event loop a listener that closes waits at most for one in which nobody connects. */
const TURNS_MAX = 1000

/**
 * Serves a door over HTTP/1.1 on Node and on Bun, whose own server normalises a target before anyone can refuse it.
 * Throws `LISTEN_FAILED` naming the address when it cannot be had.
 */
export async function listen(door: Door, options: ListenOptions): Promise<Listener> {
  const { host, port, onError, onRefused = () => {}, reader = 'plain' } = options
  const { maxConnections = connectionLimit(openFilesLimit()) } = options
  const timeLimits = { ...TIME_LIMITS, ...options.timeLimits }
  let draining = false
  let accepted = 0
  const isDraining = () => draining
  const outbox = new Outbox()
  const service: Service = {
    ...{ door, onError, onRefused, isDraining, reader, timeLimits, outbox },
    turns: new Turns(outbox.flush),
    http: createNodeHttp({ door, onError, isDraining }),
  }
  const open = new Set<Connection>()
  const deadlines = new Deadlines(Math.min(LOOK, timeLimits.firstByte))

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    accepted++
    if (open.size >= maxConnections) {
      turnAway(socket, onRefused)
      return
    }
    const connection = new Connection(socket, service)
    open.add(connection)
    deadlines.add(connection)
    socket.once('close', () => {
      open.delete(connection)
      deadlines.delete(connection)
    })
  })
  await bind(server, { host, port, reusePort: options.reusePort ?? false })
  const address = server.address()
  return {
    host,
    port: typeof address === 'object' && address !== null ? address.port : port,
    announceEnd() {
      draining = true
    },
    async drain(milliseconds) {
      draining = true
      // What has arrived in the kernel by now, new connections included, is read within two turns. Where others listen
      // too more may have come, and the kernel hangs up on those that nobody has accepted: so until none has.
      for (let turn = 0, before = -1; turn < 2 || (accepted > before && turn < TURNS_MAX); turn++) {
        before = accepted
        await nextTurn()
      }
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const idleEnds = setTimeout(
        () => {
          for (const connection of open) connection.closeIfIdle()
        },
        Math.min(timeLimits.lastRequest, milliseconds),
      )
      const cut = setTimeout(() => {
        for (const connection of open) connection.destroy()
      }, milliseconds)
      await closed
      clearTimeout(idleEnds)
      clearTimeout(cut)
      deadlines.stop()
    },
  }
}

/**
 * Makes sure that an address can be had by this process alone, and lets it go again, for several to share; gives its port.
 * Throws `LISTEN_FAILED` naming the address when it cannot.
 */
export async function claimAddress({ host, port }: ListenAddress): Promise<number> {
  const server = createServer()
  await bind(server, { host, port, reusePort: false })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : port
}

function bind(server: Server, where: ListenAddress & { readonly reusePort: boolean }): Promise<void> {
  const { host, port } = where
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `cannot listen on ${host}:${port}: ${cause.message}`
      reject(new PortolanError('LISTEN_FAILED', message, { host, port }, cause))
    })
    server.listen(where, resolve)
  })
}
