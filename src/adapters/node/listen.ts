import { createServer, type Server, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ListenAddress } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'
import type { Door } from '../../server/request.ts'
import { type Listener, type ListenOptions, TIME_LIMITS } from '../listener.ts'
import { Connection, type Service } from './connection.ts'
import { connectionLimit, openFilesLimit } from './connection-limit.ts'
import { Deadlines, type Watched } from './deadlines.ts'
import { FileSender } from './file-sender.ts'
import { createNodeHttp } from './node-http.ts'
import { Overload } from './overload.ts'
import { OVERLOADED, TOO_MANY_CONNECTIONS } from './refusal-reply.ts'
import { TlsServer } from './tls-server.ts'
import { TLS_ALERT, turnAway } from './turn-away.ts'
import { TurnReplies } from './turn-replies.ts'
import { Turns } from './turns.ts'

/** Connections that the kernel may hold until they are accepted, as far as its somaxconn goes: nodes that come up together. */
const BACKLOG = 4096
/** How often connections are looked at for what takes too long, in milliseconds. */
const LOOK = 1000
/** How many turns of the event loop a listener that closes waits at most for one in which nobody connects. */
const TURNS_MAX = 1000

/** A connection, or what may become one. */
interface Guest extends Watched {
  /** Ends it if nothing runs on it. */
  closeIfIdle(): void
  destroy(): void
}

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
  const overload = options.shedsLoad ? new Overload(timeLimits.turn) : undefined
  const replies = new TurnReplies(() => turns.begin())
  const turns = new Turns(replies.flush, { overload })
  const service: Service = {
    ...{ door, onError, onRefused, isDraining, reader, timeLimits, replies },
    turns,
    http: createNodeHttp({ door, onError, isDraining }),
    files: new FileSender(),
  }
  const tls = options.tls && new TlsServer(options.tls, { onRefused, timeLimits, overload })
  const open = new Set<Guest>()
  const deadlines = new Deadlines(Math.min(LOOK, timeLimits.firstByte, timeLimits.handshake))

  function enter(guest: Guest, socket: Socket): void {
    open.add(guest)
    deadlines.add(guest)
    socket.once('close', () => leave(guest))
  }

  function leave(guest: Guest): void {
    open.delete(guest)
    deadlines.delete(guest)
  }

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    accepted++
    const fault =
      open.size >= maxConnections ? TOO_MANY_CONNECTIONS : overload?.isOn() ? OVERLOADED : undefined
    if (fault !== undefined) {
      turnAway(socket, fault, onRefused, tls && TLS_ALERT)
    } else if (tls === undefined) {
      enter(new Connection(socket, service), socket)
    } else {
      const handshake = tls.begin(socket, (secured) => {
        leave(handshake)
        enter(new Connection(secured, service, socket), secured)
      })
      enter(handshake, socket)
    }
  })
  await bind(server, { host, port, reusePort: options.reusePort ?? false })
  const address = server.address()
  return {
    host,
    port: typeof address === 'object' && address !== null ? address.port : port,
    useIdentity(identity) {
      if (tls === undefined) throw new TypeError('this listener speaks no TLS')
      tls.use(identity)
    },
    useReader(next) {
      service.reader = next
    },
    announceEnd() {
      draining = true
    },
    async drain(milliseconds) {
      draining = true
      await untilNobodyConnects(() => accepted)
      await close(server, open, Math.min(timeLimits.lastRequest, milliseconds), milliseconds)
      deadlines.stop()
    },
  }
}

/**
 * What has arrived in the kernel by now, new connections included, is read within two turns. Where others listen too more
 * may have come, and the kernel hangs up on those that nobody has accepted: so until none has.
 */
async function untilNobodyConnects(accepted: () => number): Promise<void> {
  for (let turn = 0, before = -1; turn < 2 || (accepted() > before && turn < TURNS_MAX); turn++) {
    before = accepted()
    await nextTurn()
  }
}

/** Takes nobody new; ends what is idle after so many milliseconds, and whatever is left at last. */
async function close(server: Server, open: ReadonlySet<Guest>, idle: number, last: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const idleEnds = setTimeout(() => {
    for (const guest of open) guest.closeIfIdle()
  }, idle)
  const cut = setTimeout(() => {
    for (const guest of open) guest.destroy()
  }, last)
  await closed
  clearTimeout(idleEnds)
  clearTimeout(cut)
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
    server.listen({ ...where, backlog: BACKLOG }, resolve)
  })
}
