import { createServer, request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

/** A forward proxy on loopback, as companies have one. */
export interface ForwardProxy extends AsyncDisposable {
  readonly url: string
  /** What went through it, as it was asked: `CONNECT a.test:443`, `GET http://a.test/`. */
  readonly requests: readonly string[]
}

/**
 * Starts a proxy that alone knows where some names are: `targets` has the loopback port of each. Others get 502. So what
 * reaches a name has come through it.
 */
export async function startForwardProxy(targets: Readonly<Record<string, number>>): Promise<ForwardProxy> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((asked, reply) => {
    requests.push(`${asked.method} ${asked.url}`)
    const { hostname, pathname, search } = new URL(asked.url ?? '')
    const port = targets[hostname]
    if (port === undefined) {
      reply.writeHead(502).end()
      return
    }
    const { method, headers } = asked
    const passed = request(
      { host: '127.0.0.1', port, path: pathname + search, method: method!, headers },
      (got) => {
        reply.writeHead(got.statusCode!, got.headers)
        got.pipe(reply)
      },
    )
    passed.on('error', () => reply.destroy())
    asked.pipe(passed)
  })
  server.on('connect', ({ url = '' }, client: Socket, head: Buffer) => {
    requests.push(`CONNECT ${url}`)
    const port = targets[url.split(':')[0]!]
    client.on('error', () => client.destroy())
    if (port === undefined) {
      client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
      return
    }
    const target = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      target.write(head)
      client.pipe(target).pipe(client)
    })
    target.on('error', () => client.destroy())
    client.on('close', () => target.destroy())
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
