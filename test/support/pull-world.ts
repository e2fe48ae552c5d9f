import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { nodeSockets } from '../../src/adapters/node/sockets.ts'
import type { Sockets } from '../../src/runtime.ts'
import type { Issued } from './private-authority.ts'

/** Answers a request in place of the server, or leaves it to that with `false`. */
export type Instead = (request: IncomingMessage, response: ServerResponse) => boolean

/** A registry and the hosts of its blobs, by names of their own, each a server on loopback that counts who asks. */
export interface PullWorld extends AsyncDisposable {
  /** `http://registry.test:PORT/v2`, or https. */
  readonly base: string
  /** Names, and nothing else but loopback. */
  readonly sockets: Sockets
  /** `HOST:PORT` of all that were asked. */
  readonly asked: Set<string>
  /** What a host does instead of what it should, by its name such as `blobs-2.test`. */
  readonly instead: Map<string, Instead>
  /** Addresses of names: both families, as name servers give them. */
  readonly names: Map<string, { readonly 4?: string; readonly 6?: string }>
  readonly ports: ReadonlyMap<string, number>
  stop(name: string): Promise<void>
}

export interface PullWorldOptions {
  /** The certificate of all hosts; absent for plain HTTP. */
  readonly certificate?: Issued
  /** Asks for a token first, which `auth.test` gives. */
  readonly token?: string
  /** Every host is named by its address, so that processes of their own find it. */
  readonly byAddress?: boolean
  /** The repository of the image, `app` by default. */
  readonly repository?: string
  /** Where all of them listen; runtimes ask for no certificate on loopback. */
  readonly address?: string
}

/** Archives without anything in them, which runtimes unpack; large enough to be more than one packet. */
const LAYERS = [Buffer.alloc(512 * 600), Buffer.alloc(512 * 1200)]
const HOSTS = ['registry.test', 'blobs-1.test', 'blobs-2.test', 'blobs-3.test', 'auth.test']

/** Starts it; the image is `app:1` by default, of a config and two layers, each with a host of its own. */
export async function startPullWorld({
  certificate,
  token,
  byAddress = false,
  address = '127.0.0.1',
  repository = 'app',
}: PullWorldOptions = {}): Promise<PullWorld> {
  const asked = new Set<string>()
  const instead = new Map<string, Instead>()
  const names = new Map<string, { readonly 4?: string; readonly 6?: string }>()
  const ports = new Map<string, number>()
  const servers = new Map<string, Server>()
  const connections = new Set<Socket>()
  const scheme = certificate === undefined ? 'http' : 'https'
  const config = Buffer.from(
    JSON.stringify({
      ...{ architecture: process.arch === 'x64' ? 'amd64' : process.arch, os: 'linux', config: {} },
      rootfs: { type: 'layers', diff_ids: LAYERS.map(digestOf) },
    }),
  )
  const blobs = [config, ...LAYERS].map((bytes) => ({ bytes, digest: digestOf(bytes) }))
  const manifest = Buffer.from(JSON.stringify(manifestOf(blobs)))

  const at = (name: string) => `${byAddress ? address : name}:${ports.get(name)}`

  const answer = (name: string, request: IncomingMessage, response: ServerResponse) => {
    asked.add(at(name))
    if (instead.get(name)?.(request, response)) return
    const { pathname } = new URL(request.url!, 'http://registry.test')
    if (name === 'auth.test') return void response.end(JSON.stringify({ token }))
    if (name === 'registry.test') return registry(pathname, request, response)
    serveBlob(blobs.find(({ digest }) => pathname.endsWith(digest))!.bytes, request, response)
  }
  const registry = (pathname: string, request: IncomingMessage, response: ServerResponse) => {
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      const realm = `${scheme}://${at('auth.test')}/token?key=hunter2`
      response.writeHead(401, { 'WWW-Authenticate': `Bearer realm="${realm}",service="registry.test"` })
      return void response.end()
    }
    const index = blobs.findIndex(({ digest }) => pathname === `/v2/${repository}/blobs/${digest}`)
    if (index >= 0) {
      const host = `blobs-${index + 1}.test`
      const location = `${scheme}://${at(host)}/store/${blobs[index]!.digest}?X-Amz-Signature=s3cret`
      return void response.writeHead(307, { Location: location }).end()
    }
    if (pathname === '/v2/') return void response.end('{}')
    if (
      pathname !== `/v2/${repository}/manifests/1` &&
      pathname !== `/v2/${repository}/manifests/${digestOf(manifest)}`
    )
      return void response.writeHead(404, { 'Content-Type': 'application/json' }).end('{"errors":[]}')
    response.writeHead(200, {
      'Content-Type': 'application/vnd.oci.image.manifest.v1+json',
      'Docker-Content-Digest': digestOf(manifest),
      'Content-Length': manifest.length,
    })
    response.end(manifest)
  }
  for (const name of HOSTS) {
    const handle = (request: IncomingMessage, response: ServerResponse) => answer(name, request, response)
    const server =
      certificate === undefined
        ? createServer(handle)
        : createTlsServer({ key: certificate.key, cert: certificate.certificate }, handle)
    server.on('connection', (socket: Socket) => {
      connections.add(socket)
      socket.once('close', () => connections.delete(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, address, resolve))
    ports.set(name, (server.address() as AddressInfo).port)
    names.set(name, { 4: address })
    servers.set(name, server)
  }
  const stop = async (name: string) => {
    const server = servers.get(name)
    servers.delete(name)
    if (server === undefined) return
    for (const socket of connections) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
  return {
    base: `${scheme}://${at('registry.test')}/v2`,
    ...{ asked, instead, names, ports, stop },
    sockets: {
      ...nodeSockets,
      async lookup(name, family) {
        const known = names.get(name)?.[family]
        if (known !== undefined) return [known]
        throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' })
      },
      nameServers: () => [],
      hostsLine: () => undefined,
    },
    async [Symbol.asyncDispose]() {
      for (const name of HOSTS) await stop(name)
    },
  }
}

function serveBlob(bytes: Buffer, request: IncomingMessage, response: ServerResponse): void {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  if (first === undefined) return void response.writeHead(200, { 'Content-Length': bytes.length }).end(bytes)
  const part = bytes.subarray(Number(first), Number(last) + 1)
  const range = `bytes ${first}-${Number(first) + part.length - 1}/${bytes.length}`
  response.writeHead(206, { 'Content-Length': part.length, 'Content-Range': range }).end(part)
}

function manifestOf(blobs: readonly { readonly bytes: Buffer; readonly digest: string }[]) {
  const [config, ...layers] = blobs.map(({ bytes, digest }, index) => ({
    mediaType: `application/vnd.oci.image.${index === 0 ? 'config.v1+json' : 'layer.v1.tar'}`,
    ...{ digest, size: bytes.length },
  }))
  return { schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers }
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
