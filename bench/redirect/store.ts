import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How long the store takes to say that it has a blob that nobody has asked for, in milliseconds. */
const DELAY = 20
const BLOBS = 16
/** What the digests of new blobs begin with; no other does. */
const NEW = 'sha256:0000'

export interface Store extends AsyncDisposable {
  readonly origin: string
  /** Of the blobs that are asked for again and again. */
  readonly digests: readonly string[]
  /** Where a blob is, as a redirect says it. */
  urlOf(digest: string): string
}

/**
 * A bucket of a few real blobs, since a door that is asked again for the same one looks whether the store delivers it,
 * and of as many new ones as anybody asks for, which take their time.
 */
export async function startStore(): Promise<Store> {
  const blobs = new Map<string, string>(
    Array.from({ length: BLOBS }, (_, index) => {
      const content = `blob ${index}`
      return [`sha256:${createHash('sha256').update(content).digest('hex')}`, content] as const
    }),
  )
  const server = createServer(({ url = '', method, headers: { range } }, response) => {
    const digest = url.slice(url.lastIndexOf('/') + 1)
    if (digest.startsWith(NEW)) {
      setTimeout(
        () => response.writeHead(200, { 'Content-Length': '9' }).end(method === 'HEAD' ? '' : 'new bytes'),
        DELAY,
      )
      return
    }
    const content = blobs.get(digest)
    if (content === undefined) {
      response.writeHead(404, { 'Content-Length': '0' }).end()
      return
    }
    const asked = /^bytes=(\d+)-(\d*)$/.exec(range ?? '')
    const start = Number(asked?.[1] ?? 0)
    const part = content.slice(start, Number(asked?.[2] || content.length) + 1)
    response.writeHead(asked === null ? 200 : 206, {
      'Content-Length': String(part.length),
      ...(asked && { 'Content-Range': `bytes ${start}-${start + part.length - 1}/${content.length}` }),
    })
    response.end(method === 'HEAD' ? undefined : part)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    digests: [...blobs.keys()],
    urlOf: (digest) => `${origin}/containers/images/${digest}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
