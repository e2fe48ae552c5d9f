import { once } from 'node:events'
import { createReadStream, statSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

// A registry with one repository, `app`, of blobs that lie in a folder. Words: the folder; blobs of how many bytes are
// slow; how many bytes of those it sends in a second.

const [folder = '', slowSize = '', slowRate = ''] = process.argv.slice(2)
const READ_BYTES = 1024 * 1024
/** How long a piece of a slow blob is awaited, in milliseconds. */
const PIECE = 20
const VERSION = { 'Docker-Distribution-Api-Version': 'registry/2.0' }

let requests = 0
let bytes = 0

async function sendBlob(digest: string, range: string | undefined, response: ServerResponse): Promise<void> {
  const path = join(folder, digest)
  const { size } = statSync(path)
  const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
  const start = Number(first)
  const end = last === '' ? size : Number(last) + 1
  response.writeHead(range === undefined ? 200 : 206, {
    ...VERSION,
    'Content-Type': 'application/octet-stream',
    'Docker-Content-Digest': digest,
    'Accept-Ranges': 'bytes',
    'Content-Length': String(end - start),
    ...(range !== undefined && { 'Content-Range': `bytes ${start}-${end - 1}/${size}` }),
  })
  if (response.req.method === 'HEAD') {
    response.end()
    return
  }
  requests++
  const isSlow = size === Number(slowSize)
  const highWaterMark = isSlow ? Math.round((Number(slowRate) * PIECE) / 1000) : READ_BYTES
  const closed = once(response, 'close')
  const startedAt = performance.now()
  let sent = 0
  for await (const piece of createReadStream(path, { start, end: end - 1, highWaterMark })) {
    if (response.destroyed) return
    bytes += piece.length
    sent += piece.length
    if (!response.write(piece)) await Promise.race([once(response, 'drain'), closed])
    const due = isSlow ? startedAt + (sent / Number(slowRate)) * 1000 : 0
    if (due > performance.now()) await sleep(due - performance.now())
  }
  response.end()
}

const server = createServer((request, response) => {
  const { url = '', headers } = request
  const digest = /^\/v2\/app\/blobs\/(sha256:[0-9a-f]{64})$/.exec(url)?.[1]
  if (digest !== undefined) {
    sendBlob(digest, headers.range, response).catch((error) => response.destroy(error))
  } else if (url === '/sent') {
    response.end(JSON.stringify({ requests, bytes }))
  } else if (url === '/v2/') {
    response.writeHead(200, { ...VERSION, 'Content-Length': '2' }).end('{}')
  } else {
    response.writeHead(404, { ...VERSION, 'Content-Length': '0' }).end()
  }
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
