import { lookup, Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import { connect, isIP, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Readable } from 'node:stream'
import tls, { type DetailedPeerCertificate, type TLSSocket } from 'node:tls'
import type { Connection, Handshake, Sockets } from '../../runtime.ts'

/** Names and certificates are shown to people: no more of them than they read. */
const NAMES_MAX = 50
/** No chain is longer that a client accepts. */
const CHAIN_MAX = 10
const HOSTS = '/etc/hosts'
/** The Fetch standard knows no body of these ("null body status"). */
const WITHOUT_BODY = [204, 205, 304]

/** Names, TCP, TLS and HTTP one by one, past proxies and what `fetch` keeps: Node and Bun. */
export const nodeSockets: Sockets = {
  lookup: async (hostname, family) =>
    (await lookup(hostname, { all: true, family })).map(({ address }) => address),
  nameServers: () => new Resolver().getServers(),
  async askNameServer(server, hostname, family, milliseconds) {
    const resolver = new Resolver({ timeout: milliseconds, tries: 1 })
    resolver.setServers([server])
    // A dot at the end keeps it from being searched for in domains of this machine.
    const name = `${hostname.replace(/\.$/, '')}.`
    return family === 4 ? resolver.resolve4(name) : resolver.resolve6(name)
  },
  hostsLine,
  families() {
    const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
    const outside = all.filter(
      ({ internal, address }) => !internal && !/^(?:fe80:|169\.254\.)/i.test(address),
    )
    return [...new Set(outside.map(({ family }) => (family === 'IPv6' ? 6 : 4)))]
  },
  async connect(address, port, signal) {
    const socket = connect({ host: address, port })
    await untilEvent(socket, 'connect', signal)
    return new NodeConnection(socket)
  },
}

/** The first line that has a name counts (hosts(5)). */
function hostsLine(hostname: string): string | undefined {
  let text: string
  try {
    text = readFileSync(HOSTS, 'utf8')
  } catch {
    return undefined
  }
  const name = hostname.toLowerCase()
  const index = text.split('\n').findIndex((line) =>
    line
      .replace(/#.*/, '')
      .trim()
      .split(/\s+/)
      .slice(1)
      .some((one) => one.toLowerCase() === name),
  )
  return index < 0 ? undefined : `${HOSTS}:${index + 1}`
}

class NodeConnection implements Connection {
  #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
    // What goes wrong is told by whatever waits for it.
    socket.on('error', () => {})
  }

  async secure(hostname: string, authorities: readonly string[], signal: AbortSignal): Promise<Handshake> {
    const socket = tls.connect({
      socket: this.#socket,
      // A literal address is no name (RFC 6066, 3).
      ...(isIP(hostname) === 0 && { servername: hostname }),
      host: hostname,
      ca: [...authorities],
      rejectUnauthorized: false,
    })
    socket.on('error', () => {})
    await untilEvent(socket, 'secureConnect', signal)
    this.#socket = socket
    return handshakeOf(socket, hostname)
  }

  async get(target: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) {
    const request = this.#request('GET', target, headers)
    request.end()
    const [answer] = (await untilEvent(request, 'response', signal)) as [IncomingMessage]
    // The end of the request ends its body, too.
    const end = () => answer.destroy(signal.reason)
    signal.addEventListener('abort', end, { once: true })
    answer.once('close', () => {
      signal.removeEventListener('abort', end)
      this.close()
    })
    return responseOf(answer)
  }

  async tunnel(to: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<number> {
    const request = this.#request('CONNECT', to, headers)
    request.end()
    const [answer] = (await untilEvent(request, 'connect', signal)) as [IncomingMessage]
    return answer.statusCode ?? 0
  }

  close(): void {
    this.#socket.destroy()
  }

  #request(method: string, path: string, headers: Readonly<Record<string, string>>): ClientRequest {
    const request = http.request({
      method,
      path,
      headers,
      createConnection: () => this.#socket,
    })
    request.on('error', () => {})
    return request
  }
}

/** The event, or a rejection with the error or with the signal's reason, after which nothing is left of it. */
async function untilEvent(
  emitter: Socket | TLSSocket | ClientRequest,
  event: string,
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const over = new AbortController()
  const ended = () => emitter.destroy()
  signal.addEventListener('abort', ended, { once: true })
  try {
    return await Promise.race([
      once(emitter, event, { signal: over.signal }),
      // A peer that closes without a word is no error to a socket.
      once(emitter, 'close', { signal: over.signal }).then(() => {
        throw Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })
      }),
    ])
  } catch (error) {
    emitter.destroy()
    throw signal.aborted ? signal.reason : error
  } finally {
    signal.removeEventListener('abort', ended)
    over.abort()
  }
}

function handshakeOf(socket: TLSSocket, hostname: string): Handshake {
  // In this order: once it has given the certificate in its newer form, Node has no chain any more.
  const above = namesAbove(socket)
  const shown = socket.getPeerX509Certificate()
  const protocol = socket.getProtocol() ?? 'TLS'
  if (shown === undefined) return { protocol, fault: 'NO_CERTIFICATE' }
  const isNamed = isIP(hostname) === 0 ? shown.checkHost(hostname) : shown.checkIP(hostname)
  // Of Node it is a code, of Bun an error that has one.
  const told = socket.authorizationError as unknown as string | NodeJS.ErrnoException | null | undefined
  const code = typeof told === 'object' ? told?.code : told
  const fault = code ?? (isNamed === undefined ? 'ERR_TLS_CERT_ALTNAME_INVALID' : undefined)
  return {
    protocol,
    ...(fault !== undefined && { fault }),
    certificate: {
      subject: oneLine(shown.subject),
      issuer: oneLine(shown.issuer),
      above,
      names: namesOf(shown.subjectAltName),
      from: new Date(shown.validFrom),
      until: new Date(shown.validTo),
    },
  }
}

/** The issuers of the issuers; a chain that somebody else has made may be a circle. */
function namesAbove(socket: TLSSocket): readonly string[] {
  const names: string[] = []
  let at: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true).issuerCertificate
  while (at?.issuer !== undefined && at.issuerCertificate !== at && names.length < CHAIN_MAX) {
    names.push(
      Object.entries(at.issuer)
        .map(([key, value]) => `${key}=${value}`)
        .join(', '),
    )
    at = at.issuerCertificate
  }
  return names
}

function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ')
}

function namesOf(alternatives: string | undefined): readonly string[] {
  const names = (alternatives ?? '')
    .split(', ')
    .flatMap((text) => /^(?:DNS|IP Address):(.+)$/.exec(text)?.[1] ?? [])
  return names.slice(0, NAMES_MAX)
}

function responseOf(answer: IncomingMessage): Response {
  const { statusCode: status = 0, rawHeaders } = answer
  const headers = new Headers()
  for (let index = 0; index < rawHeaders.length; index += 2)
    headers.append(rawHeaders[index]!, rawHeaders[index + 1]!)
  if (status < 200 || status > 599) {
    answer.destroy()
    throw Object.assign(new Error(`the status ${status}`), { code: 'HPE_INVALID_STATUS' })
  }
  if (!WITHOUT_BODY.includes(status))
    return new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array>, { status, headers })
  answer.resume()
  return new Response(null, { status, headers })
}
