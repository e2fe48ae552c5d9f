import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls'
import type { RefusedRequest, TimeLimits, TlsIdentity } from '../listener.ts'
import { Handshake, type HandshakeOwner } from './handshake.ts'
import { handshakeFault } from './handshake-fault.ts'
import type { Overload } from './overload.ts'
import { Turns } from './turns.ts'

/** How many handshakes begin before whoever else is there is looked at; one takes up to a millisecond or two. */
const AT_ONCE = 4

interface TlsServerParts {
  readonly timeLimits: TimeLimits
  readonly onRefused: (refusal: RefusedRequest) => void
  /** Told how long handshakes were waited for. */
  readonly overload?: Overload | undefined
}

/**
 * Makes connections of TLS of those of a listener. `node:tls` never listens itself: a server of its is given one socket
 * after the other, and another identity is another server, so that what has begun goes on as it was.
 */
export class TlsServer {
  readonly #owner: HandshakeOwner
  readonly #onRefused: TlsServerParts['onRefused']
  /** By both ends of the connection: all that `node:tls` gives back of a socket that it was given. */
  readonly #handshakes = new Map<string, Handshake>()
  #server: Server

  /** Throws what the runtime says of an identity that it cannot use. */
  constructor(identity: TlsIdentity, { timeLimits, onRefused, overload }: TlsServerParts) {
    this.#onRefused = onRefused
    this.#server = this.#createServer(identity)
    this.#owner = {
      timeLimits,
      onRefused,
      turns: new Turns(() => {}, { overload, atOnce: AT_ONCE }),
      shake: (socket) => this.#server.emit('connection', socket),
    }
  }

  /** Shows this to whoever comes from now on. Throws, and changes nothing, when the runtime cannot use it. */
  use(identity: TlsIdentity): void {
    this.#server = this.#createServer(identity)
  }

  begin(socket: Socket, onSecure: (secured: TLSSocket) => void): Handshake {
    const handshake = new Handshake(socket, this.#owner, onSecure)
    const ends = endsOf(socket)
    this.#handshakes.set(ends, handshake)
    socket.once('close', () => {
      if (this.#handshakes.get(ends) === handshake) this.#handshakes.delete(ends)
    })
    return handshake
  }

  #createServer(identity: TlsIdentity): Server {
    const server = createServer(optionsOf(identity), (secured) => {
      const ends = endsOf(secured)
      const handshake = this.#handshakes.get(ends)
      this.#handshakes.delete(ends)
      if (handshake === undefined) secured.destroy()
      else handshake.finish(secured)
    })
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      const reason = handshakeFault(error.code, socket.authorizationError)
      if (reason !== undefined) {
        this.#onRefused({ status: 'tls', reason, peer: socket.remoteAddress ?? '' })
      }
      socket.destroy()
    })
    return server
  }
}

function endsOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`
}

/** The runtimes' own ciphers and curves: they are kept up to date with more care than a list here would be. */
function optionsOf({ certificate, key, clientCA }: TlsIdentity): TlsOptions {
  return {
    cert: certificate,
    key,
    minVersion: 'TLSv1.2',
    // HTTP/2 puts all blobs of a client behind one congestion window, and a redirect needs none.
    ALPNProtocols: ['http/1.1'],
    // Costs us more than the client, and nobody needs it; Bun knows no other way.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ...(clientCA !== undefined && { ca: clientCA, requestCert: true, rejectUnauthorized: true }),
  }
}
