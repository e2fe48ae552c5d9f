import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** A store as a public bucket is one: serves the files of a folder, whole or in part. */
export interface FolderServer extends AsyncDisposable {
  readonly origin: string
  /** Every request so far, as `METHOD path status`. */
  readonly requests: readonly string[]
}

export async function startFolderServer(folder: string): Promise<FolderServer> {
  const requests: string[] = []
  const server = createServer(async (request, response) => {
    const status = await serve(folder, request, response)
    requests.push(`${request.method} ${request.url} ${status}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Answers and returns the status, before the body is through. */
async function serve(folder: string, request: IncomingMessage, response: ServerResponse): Promise<number> {
  const path = join(
    folder,
    normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://store').pathname)),
  )
  const file = await stat(path).catch(() => undefined)
  if (!file?.isFile()) return end(response, 404, {})
  const range = readRange(request.headers.range, file.size)
  if (range === 'unsatisfiable') return end(response, 416, { 'Content-Range': `bytes */${file.size}` })
  const { start, last } = range ?? { start: 0, last: file.size - 1 }
  const status = range === undefined ? 200 : 206
  const headers = {
    'Content-Length': last - start + 1,
    'Content-Type': 'binary/octet-stream',
    'Accept-Ranges': 'bytes',
    ...(range && { 'Content-Range': `bytes ${start}-${last}/${file.size}` }),
  }
  if (request.method === 'HEAD' || file.size === 0) return end(response, status, headers)
  response.writeHead(status, headers)
  // A client that hangs up is its own affair.
  pipeline(createReadStream(path, { start, end: last }), response).catch(() => {})
  return status
}

function end(response: ServerResponse, status: number, headers: Record<string, string | number>): number {
  response.writeHead(status, { 'Content-Length': 0, ...headers })
  response.end()
  return status
}

/** One range, from the start or from the end; anything else counts as none (RFC 9110, 14.2). */
function readRange(header: string | undefined, size: number) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (match === null || header === 'bytes=-') return undefined
  const [, first, second] = match
  const start = first === '' ? Math.max(0, size - Number(second)) : Number(first)
  const last = first === '' || second === '' ? size - 1 : Math.min(size - 1, Number(second))
  return start > last ? 'unsatisfiable' : { start, last }
}
