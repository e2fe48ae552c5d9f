import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { registryContent, type TestRepository } from '../../support/content.ts'

/** A registry on a slow line, which counts what it sends of blobs. */
export interface ThrottledRegistry extends AsyncDisposable {
  readonly origin: string
  /** Bytes of blobs that were written to the line. */
  readonly sent: number
  /** Requests for a part of a blob. */
  readonly ranges: number
  /** Called when a blob is asked for. */
  onBlob: (() => void) | undefined
  /** Whether the line breaks now; asked at each piece. */
  cut: (() => boolean) | undefined
  /** Counts anew. */
  reset(): void
}

const PIECE_BYTES = 64 * 1024

/** Sends a piece of each blob on each connection every `interval` milliseconds. */
export async function startThrottledRegistry(
  interval: number,
  ...repositories: readonly TestRepository[]
): Promise<ThrottledRegistry> {
  const content = registryContent(...repositories)
  let sent = 0
  let ranges = 0
  const drip = (bytes: Uint8Array, response: ServerResponse) => {
    let position = 0
    const timer = setInterval(() => {
      if (response.writableNeedDrain) return
      if (registry.cut?.()) {
        response.destroy()
        return
      }
      const piece = bytes.subarray(position, position + PIECE_BYTES)
      position += piece.length
      sent += piece.length
      response.write(piece)
      if (position < bytes.length) return
      clearInterval(timer)
      response.end()
    }, interval)
    response.on('close', () => clearInterval(timer))
  }
  const server = createServer((request, response) => {
    response.on('error', () => {})
    const served = content(request.url!.split('?')[0]!)
    if (served === undefined) {
      response.writeHead(404).end()
      return
    }
    const { bytes, type = 'application/octet-stream' } = served
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    if (start > 0) ranges++
    response.writeHead(start > 0 ? 206 : 200, {
      'Content-Type': type,
      'Content-Length': bytes.length - start,
      ...(start > 0 && { 'Content-Range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    })
    if (request.method !== 'GET' || !request.url!.includes('/blobs/')) {
      response.end(request.method === 'HEAD' ? undefined : bytes)
      return
    }
    registry.onBlob?.()
    drip(bytes.subarray(start), response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const registry: ThrottledRegistry = {
    onBlob: undefined,
    cut: undefined,
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get sent() {
      return sent
    },
    get ranges() {
      return ranges
    },
    reset() {
      sent = 0
      ranges = 0
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return registry
}
