import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createHttpsServer, type ServerOptions } from 'node:https'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import { findPrograms } from '../support/programs.ts'
import { type Authorities, makeAuthorities, type Pair } from './authority.ts'
import { makeImage } from './content.ts'
import { AT, FAULTS, type Fault } from './faults.ts'
import { type NameAnswer, startNameServer } from './name-server.ts'
import { answerAs } from './registry.ts'

const HTTPS = 443
const TLS_HANDSHAKE = 0x16
/** Go's words, which Docker's registry has. */
const WRONG_SCHEME =
  'HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\nClient sent an HTTP request to an HTTPS server.\n'

const sound = makeImage({ label: 'sound' })

/** Everything that clients can reach; ended with all connections. */
export interface Servers extends AsyncDisposable {
  /** Of the authority that clients trust. */
  readonly trustFile: string
}

/** Starts the servers of all faults, each at an address of its own, and the name server that knows them. */
export async function startServers(folder: string): Promise<Servers> {
  const faults = new Map(FAULTS.map((fault) => [fault.id, fault]))
  const authorities = await makeAuthorities(join(folder, 'authorities'))
  const made = new AsyncDisposableStack()
  const listen = async (server: Server, address: string, port = HTTPS) => {
    const sockets = new Set<Socket>()
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, address, resolve)
    })
    made.defer(async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    })
  }
  made.use(await startNameServer(AT.nameServer, (name) => lookUp(name, faults)))
  await listen(registry(faults, authorities), AT.registry)
  await listen(plainRegistry(), AT.plainHttp)
  await listen(
    createServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
    AT.resets,
  )
  await listen(
    createServer((socket) => socket.once('data', () => socket.end())),
    AT.hangsUp,
  )
  await listen(
    createServer(() => {}),
    AT.silent,
  )
  await listen(
    createServer((socket) => socket.write('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n')),
    AT.banner,
  )
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  await listen(tlsRegistry(await authorities.issue('old-tls.example'), old), AT.oldTls)
  const rare = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-CCM' } as const
  await listen(tlsRegistry(await authorities.issue('no-shared-cipher.example'), rare), AT.noSharedCipher)
  await listen(await breakingHttp2(authorities, 'http2-stream-error.example', 'stream'), AT.http2)
  await listen(await breakingHttp2(authorities, 'http2-goaway.example', 'session'), AT.brokenHttp2)
  await listen(proxy(), AT.proxy, 3128)
  made.use(await clientCertificates(folder, await authorities.issue('client-certificate.example')))
  return { trustFile: authorities.trustFile, [Symbol.asyncDispose]: () => made.disposeAsync() }
}

function lookUp(name: string, faults: ReadonlyMap<string, Fault>): NameAnswer {
  if (name === 'proxy.example') return AT.proxy
  // Nothing is wrong with these two.
  if (name === 'sound.example' || name === 'blocked.example') return AT.registry
  if (!name.endsWith('.example')) return 'no such name'
  const fault = faults.get(idOf(name))
  if (fault === undefined) return 'no such name'
  return fault.names?.[name] ?? fault.name ?? AT.registry
}

/** `cdn.blob-cut.example` belongs to `blob-cut`. */
function idOf(host: string): string {
  return host.split('.').at(-2) ?? ''
}

/** The one that answers: with the certificate of each fault, and to who speaks plain HTTP as a Go program does. */
function registry(faults: ReadonlyMap<string, Fault>, authorities: Authorities): Server {
  const contexts = new Map<string, Promise<SecureContext>>()
  const contextOf = async (host: string): Promise<SecureContext> => {
    const { as = host, ...options } = faults.get(idOf(host))?.certificate ?? {}
    return createSecureContext(await authorities.issue(as, options))
  }
  /** By the client's port: what lies below TLS can be reset. */
  const sockets = new Map<number | undefined, Socket>()
  // Each has an image of its own, or runtimes would have its blobs from the pull before.
  const images = new Map(
    [...faults.values()].map(({ id, image }) => [id, makeImage({ label: id, ...image })]),
  )
  const https = createHttpsServer(
    {
      SNICallback(host, done) {
        const context = contexts.get(host) ?? contextOf(host)
        contexts.set(host, context)
        context.then(
          (found) => done(null, found),
          (error) => done(error),
        )
      },
    },
    (request, response) => {
      const id = idOf((request.headers.host ?? '').split(':')[0]!)
      const raw = sockets.get(request.socket.remotePort)
      answerAs(images.get(id) ?? sound, faults.get(id)?.answer, request, response, () =>
        raw?.resetAndDestroy(),
      )
    },
  )
  return createServer((socket) => {
    const port = socket.remotePort
    sockets.set(port, socket)
    socket.on('close', () => sockets.delete(port))
    socket.once('readable', () => {
      const first: Buffer | null = socket.read()
      if (first === null) return
      if (first[0] !== TLS_HANDSHAKE) {
        socket.end(WRONG_SCHEME)
        return
      }
      socket.unshift(first)
      https.emit('connection', socket)
    })
  })
}

function plainRegistry(): Server {
  return createHttpServer((request, response) => answerAs(sound, undefined, request, response))
}

function tlsRegistry(pair: Pair, options: ServerOptions): Server {
  return createHttpsServer({ ...pair, ...options }, (request, response) =>
    answerAs(sound, undefined, request, response),
  )
}

/** Ends each stream, or the whole session, with an error of HTTP/2 (RFC 9113, 7). */
async function breakingHttp2(
  authorities: Authorities,
  name: string,
  what: 'stream' | 'session',
): Promise<Server> {
  const INTERNAL_ERROR = 2
  const ENHANCE_YOUR_CALM = 11
  const server = createSecureServer({ ...(await authorities.issue(name)) })
  server.on('sessionError', () => {})
  server.on('stream', (stream) => {
    stream.on('error', () => {})
    if (what === 'stream') stream.close(INTERNAL_ERROR)
    else {
      stream.session?.goaway(ENHANCE_YOUR_CALM, 0, Buffer.from('too_many_pings'))
      stream.session?.destroy()
    }
  })
  return server
}

/** Refuses in the way that the name it is asked for says. */
function proxy(): Server {
  return createHttpServer().on('connect', ({ url = '' }, client: Socket) => {
    client.on('error', () => {})
    const [, status = '502'] = /^proxy-(\d+)\./.exec(url) ?? []
    const words = {
      407: 'Proxy Authentication Required',
      403: 'Forbidden',
      502: 'Bad Gateway',
      503: 'Service Unavailable',
    }
    const title = words[Number(status) as keyof typeof words]
    const asks = status === '407' ? 'Proxy-Authenticate: Basic realm="proxy"\r\n' : ''
    client.end(`HTTP/1.1 ${status} ${title}\r\n${asks}Content-Length: 0\r\nConnection: close\r\n\r\n`)
  })
}

/** OpenSSL's own server tells who has no certificate so in TLS, as most others do. */
async function clientCertificates(folder: string, { key, cert }: Pair): Promise<AsyncDisposable> {
  const file = (name: string) => join(folder, `asks.${name}`)
  await Promise.all([writeFile(file('key'), key), writeFile(file('pem'), cert)])
  const words = ['s_server', '-accept', `${AT.clientCertificate}:${HTTPS}`, '-Verify', '1', '-quiet']
  const child = spawn(
    findPrograms('openssl').found.openssl,
    [...words, ...['-key', file('key'), '-cert', file('pem')]],
    { stdio: 'ignore' },
  )
  return {
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'close')
      child.kill('SIGTERM')
      await ended
    },
  }
}
