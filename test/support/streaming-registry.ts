import { createCipheriv, createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { TestBlob } from './content.ts'

/** A blob of any size that nobody holds: its bytes are made when they are read. */
export interface StreamedBlob {
  readonly digest: string
  readonly size: number
  /** From `start` on, in pieces. */
  read(start: number): Iterable<Uint8Array>
}

/** A registry that takes blobs of any size and keeps none of their bytes, only that they were right. */
export interface StreamingRegistry extends AsyncDisposable {
  readonly host: string
  /** Every request, as `METHOD path`. */
  readonly requests: readonly string[]
  /** Bytes of blobs that came. */
  readonly received: number
  /** Digests of the blobs that it has, whatever their repository. */
  readonly blobs: ReadonlySet<string>
  /** By repository and tag or digest: `app:v1`, `app@sha256:…`. */
  readonly manifests: ReadonlyMap<string, TestBlob>
}

const PIECE = 1024 * 1024
const BLOCK = 16

/** Makes a blob of bytes that look random; to know its digest, all of it is made once. */
export function streamedBlob(size: number): StreamedBlob {
  const read = function* (start: number): Generator<Uint8Array> {
    // AES in counter mode begins at any block.
    const counter = Buffer.alloc(BLOCK)
    counter.writeBigUInt64BE(BigInt(Math.floor(start / BLOCK)), BLOCK - 8)
    const cipher = createCipheriv('aes-256-ctr', Buffer.alloc(32, 1), counter)
    const zeros = Buffer.alloc(PIECE)
    cipher.update(zeros.subarray(0, start % BLOCK))
    for (let at = start; at < size; at += PIECE) yield cipher.update(zeros.subarray(0, size - at))
  }
  const hash = createHash('sha256')
  for (const piece of read(0)) hash.update(piece)
  return { digest: `sha256:${hash.digest('hex')}`, size, read }
}

/** Starts one with these blobs and, in the repository `app`, this manifest as `v1`. */
export async function startStreamingRegistry(
  blobs: readonly StreamedBlob[] = [],
  image?: TestBlob,
): Promise<StreamingRegistry> {
  const registry = new Streaming(blobs, image)
  const server = createServer((request, response) => {
    registry.serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  registry.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return Object.assign(registry, {
    [Symbol.asyncDispose]() {
      server.closeAllConnections()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    },
  })
}

class Streaming {
  host = ''
  received = 0
  readonly requests: string[] = []
  readonly blobs: Set<string>
  readonly manifests = new Map<string, TestBlob>()
  readonly #streamed: ReadonlyMap<string, StreamedBlob>

  constructor(blobs: readonly StreamedBlob[], image: TestBlob | undefined) {
    this.#streamed = new Map(blobs.map((blob) => [blob.digest, blob]))
    this.blobs = new Set(this.#streamed.keys())
    if (image === undefined) return
    this.manifests.set('app:v1', image)
    this.manifests.set(`app@${image.digest}`, image)
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, `http://${this.host}`)
    const method = request.method!
    this.requests.push(`${method} ${url.pathname}`)
    const [, name = '', kind, what = ''] =
      /^\/v2\/(.+)\/(blobs|manifests|tags|referrers)\/(.+)$/.exec(url.pathname) ?? []
    if (kind === 'tags') return void response.end(JSON.stringify({ name, tags: ['v1'] }))
    if (kind === 'manifests') return this.#manifest(request, response, name, what)
    if (kind !== 'blobs') return void response.writeHead(404).end()
    if (method === 'POST')
      return void response.writeHead(202, { Location: `/v2/${name}/blobs/uploads/1` }).end()
    if (method === 'PUT') return this.#take(request, response, url.searchParams.get('digest')!)
    const blob = this.#streamed.get(what)
    if (!this.blobs.has(what)) return void response.writeHead(404).end()
    if (blob === undefined || method === 'HEAD')
      return void response.writeHead(200, blob && { 'Content-Length': blob.size }).end()
    const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const range = { 'Content-Range': `bytes ${start}-${blob.size - 1}/${blob.size}` }
    response.writeHead(start > 0 ? 206 : 200, {
      'Content-Length': blob.size - start,
      ...(start > 0 && range),
    })
    await pipeline(Readable.from(blob.read(start)), response)
  }

  async #take(request: IncomingMessage, response: ServerResponse, digest: string): Promise<void> {
    const hash = createHash('sha256')
    for await (const chunk of request) {
      hash.update(chunk)
      this.received += chunk.length
    }
    const isRight = `sha256:${hash.digest('hex')}` === digest
    if (isRight) this.blobs.add(digest)
    response.writeHead(isRight ? 201 : 400, { Location: '/' }).end()
  }

  async #manifest(
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    reference: string,
  ): Promise<void> {
    if (request.method === 'PUT') {
      const bytes = await buffer(request)
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
      const manifest = { bytes, digest, type: request.headers['content-type']! }
      this.manifests.set(`${name}@${digest}`, manifest)
      if (!reference.includes(':')) this.manifests.set(`${name}:${reference}`, manifest)
      return void response.writeHead(201, { 'Docker-Content-Digest': digest }).end()
    }
    const found = this.manifests.get(`${name}${reference.includes(':') ? '@' : ':'}${reference}`)
    if (found === undefined) return void response.writeHead(404).end()
    const headers = { 'Content-Type': found.type!, 'Docker-Content-Digest': found.digest }
    response.writeHead(200, { ...headers, 'Content-Length': found.bytes.length })
    response.end(request.method === 'GET' ? found.bytes : undefined)
  }
}
