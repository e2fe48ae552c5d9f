import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A registry that has nothing, or one image, and remembers what it was asked for. */
export interface AskedRegistry extends AsyncDisposable {
  readonly host: string
  /** The paths of requests beyond `/v2/` itself, without their queries. */
  readonly asked: string[]
}

/** What a registry answers for a path. */
export interface RegistryAnswer {
  readonly type: string
  readonly body: string
}

/** An image without layers, as the answers of a registry below `/v2/`. */
export function smallImage(name: string, tag: string): ReadonlyMap<string, RegistryAnswer> {
  const config = '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'
  const type = 'application/vnd.oci.image.config.v1+json'
  const digest = `sha256:${createHash('sha256').update(config).digest('hex')}`
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: type, digest, size: config.length },
    layers: [],
  }
  return new Map([
    [`/v2/${name}/manifests/${tag}`, { type: manifest.mediaType, body: JSON.stringify(manifest) }],
    [`/v2/${name}/blobs/${digest}`, { type, body: config }],
  ])
}

export async function startAskedRegistry(
  answers: ReadonlyMap<string, RegistryAnswer> = new Map(),
): Promise<AskedRegistry> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://registry.test')
    if (pathname === '/v2/') {
      response.end('{}')
      return
    }
    asked.push(pathname)
    const answer = answers.get(pathname)
    if (answer !== undefined) {
      response.setHeader('content-type', answer.type)
      response.end(answer.body)
      return
    }
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
