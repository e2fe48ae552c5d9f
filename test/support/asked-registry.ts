import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A registry that has nothing, and remembers what it was asked for. */
export interface AskedRegistry extends AsyncDisposable {
  readonly host: string
  /** The paths of requests beyond `/v2/` itself, without their queries. */
  readonly asked: string[]
}

export async function startAskedRegistry(): Promise<AskedRegistry> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://registry.test')
    if (pathname === '/v2/') {
      response.end('{}')
      return
    }
    asked.push(pathname)
    response.writeHead(404, { 'content-type': 'application/json' })
    response.end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"nothing is here"}]}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    host: `127.0.0.1:${port}`,
    asked,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
