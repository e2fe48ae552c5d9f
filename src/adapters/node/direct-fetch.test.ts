import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { outboundFetch } from './outbound.ts'

/** No multiple of a piece, and more than any queue between here and there takes. */
const BODY = Buffer.alloc(24 * 1024 * 1024 + 4321, 'what no two pieces have at the same place ')
const PIECE = 300_000

let answer: (request: IncomingMessage, response: ServerResponse) => unknown
const server = createServer((request, response) => answer(request, response))
let url: string

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/blob?digest=x`
})
server.on('connection', () => connections++)
let connections = 0
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** Asks for what is not the blob. */
const ask = (init: RequestInit = {}) => outboundFetch(url, { redirect: 'manual', ...init })

/** A body in memory that is used again for each piece, which `before` may hold up or fail. */
function lentBody(before: (position: number) => unknown = () => {}) {
  const memory = Buffer.alloc(PIECE)
  const seen = { position: 0, isCancelled: false }
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        await before(seen.position)
        memory.fill(0)
        const length = BODY.copy(memory, 0, seen.position)
        if (length === 0) return controller.close()
        seen.position += length
        controller.enqueue(memory.subarray(0, length))
      },
      cancel() {
        seen.isCancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { body, seen }
}

function put(body: ReadableStream<Uint8Array>, more: RequestInit = {}) {
  const headers = { 'Content-Length': `${BODY.length}`, 'X-Test': 'yes' }
  return outboundFetch(url, { method: 'PUT', redirect: 'manual', lend: true, headers, body, ...more })
}

async function hashOf(request: AsyncIterable<Uint8Array>, pause = async () => {}): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of request) {
    hash.update(piece)
    await pause()
  }
  return hash.digest('hex')
}

it.each([
  ['at once', async () => {}, {}],
  ['slowly', () => new Promise<void>((resolve) => setImmediate(resolve)), {}],
  // What follows no redirect is not left to `fetch`, which may hold several pieces at once.
  ['at once, where fetch sends it', async () => {}, { redirect: 'error', duplex: 'half' } as const],
])('every byte arrives at a server that reads %s, though pieces are lent', async (_, pause, more) => {
  let seen = {}
  answer = async (request, response) => {
    const { 'content-length': length, 'x-test': test, 'transfer-encoding': coding } = request.headers
    seen = {
      length,
      test,
      coding,
      method: request.method,
      path: request.url,
      hash: await hashOf(request, pause),
    }
    response.writeHead(201, { Location: '/there' }).end()
  }
  const response = await put(lentBody().body, more)
  expect([response.status, response.headers.get('location'), response.url]).toEqual([201, '/there', url])
  expect(await response.text()).toBe('')
  expect(seen).toEqual({
    ...{ length: `${BODY.length}`, test: 'yes', coding: undefined, method: 'PUT', path: '/blob?digest=x' },
    hash: createHash('sha256').update(BODY).digest('hex'),
  })
})

it('an answer that comes early is given, and the rest of the body is not sent', async () => {
  answer = (request, response) => {
    request.once('data', () => response.writeHead(413).end('{"errors":[]}'))
  }
  const { body, seen } = lentBody()
  const response = await put(body)
  expect([response.status, await response.text()]).toEqual([413, '{"errors":[]}'])
  expect(seen.position).toBeLessThan(BODY.length)
  expect(seen.isCancelled).toBe(true)
})

it('a connection that ends in the middle is a failure like any of fetch, and the body is let go', async () => {
  answer = (request) => request.once('data', () => request.destroy())
  const { body, seen } = lentBody()
  await expect(put(body)).rejects.toThrow('fetch failed')
  expect(seen.isCancelled).toBe(true)
})

it('nobody who listens is a failure like any of fetch', async () => {
  const { body } = lentBody()
  const gone = createServer()
  gone.listen(0, '127.0.0.1')
  await once(gone, 'listening')
  const { port } = gone.address() as AddressInfo
  gone.close()
  const sent = {
    method: 'PUT',
    redirect: 'manual',
    lend: true,
    headers: { 'Content-Length': `${BODY.length}` },
  } as const
  await expect(outboundFetch(`http://127.0.0.1:${port}/`, { ...sent, body })).rejects.toThrow('fetch failed')
})

it('what the body fails with is what is told, and no server takes it for whole', async () => {
  let ended: Promise<unknown> | undefined
  answer = (request) => {
    ended = hashOf(request)
    ended.catch(() => {})
  }
  const { body } = lentBody((position) => {
    if (position > 5_000_000) throw new Error('the source has broken off')
  })
  await expect(put(body)).rejects.toThrow('the source has broken off')
  await expect(ended).rejects.toThrow('aborted')
})

it('ends with the reason of its signal, in the middle of a body too', async () => {
  answer = () => {}
  const stop = new AbortController()
  const { body, seen } = lentBody((position) => {
    if (position > PIECE) stop.abort(new Error('enough'))
  })
  await expect(put(body, { signal: stop.signal })).rejects.toThrow('enough')
  expect(seen.position).toBeLessThan(BODY.length)
  await expect(put(lentBody().body, { signal: stop.signal })).rejects.toThrow('enough')
})

it('goes on on one connection, whatever of an answer was read', async () => {
  answer = (request, response) => {
    const status = request.method === 'POST' ? 202 : 200
    request.resume().once('end', () => response.writeHead(status, { 'Content-Length': 5 }).end('there'))
  }
  await (await ask()).text()
  connections = 0
  expect(await (await ask()).text()).toBe('there')
  expect((await ask({ method: 'HEAD' })).body).toBeNull()
  const posted = await ask({ method: 'POST', body: new Uint8Array(70_000) })
  await posted.body!.cancel()
  expect([posted.status, await (await ask()).text()]).toEqual([202, 'there'])
  expect(connections).toBe(0)
})

it('hangs up on an answer of which nobody wants the rest', async () => {
  const closed = Promise.withResolvers<void>()
  answer = (_, response) => {
    response.once('close', closed.resolve)
    response.writeHead(200, { 'Content-Length': 1e9 }).write('the first of very much')
  }
  await (await ask()).body!.cancel()
  await closed.promise
})

it('asks for what it wants as it is, and has fetch read what comes encoded all the same', async () => {
  const asked: unknown[] = []
  answer = ({ headers }, response) => {
    asked.push(headers['accept-encoding'])
    response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync('in few words'))
  }
  expect(await (await ask()).text()).toBe('in few words')
  expect(asked[0]).toBe('identity')
})

it('takes nothing for an answer that came before it was asked for', async () => {
  const hello = (word: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${word.length}\r\n\r\n${word}`
  const sockets: Socket[] = []
  const forward = createTcpServer((socket) => {
    sockets.push(socket)
    socket.on('data', () => socket.write(hello('asked')))
    socket.on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(forward, 'listening')
  const origin = `http://127.0.0.1:${(forward.address() as AddressInfo).port}/`
  const text = async () => (await outboundFetch(origin, { redirect: 'manual' })).text()
  expect(await text()).toBe('asked')
  sockets[0]!.write(hello('spied'))
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect([await text(), sockets.length]).toEqual(['asked', 2])
  for (const socket of sockets) socket.destroy()
  forward.close()
})

it.each([
  ['breaks off', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc', 'terminated'],
  ['is none of HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'fetch failed'],
  ['has a status that there is not', 'HTTP/1.1 699 Odd\r\nContent-Length: 0\r\n\r\n', 'fetch failed'],
])('fails as fetch does when an answer %s', async (_, text, message) => {
  answer = ({ socket }) => socket.end(text)
  await expect(ask().then((response) => response.text())).rejects.toThrow(message)
})

it('ends with the reason of its signal in the middle of an answer', async () => {
  answer = (_, response) => response.writeHead(200, { 'Content-Length': 9 }).write('abc')
  const stop = new AbortController()
  const reader = (await ask({ signal: stop.signal })).body!.getReader()
  await reader.read()
  stop.abort(new Error('enough of it'))
  await expect(reader.read()).rejects.toThrow('enough of it')
})

it('ends quietly by a signal once all of an answer is there', async () => {
  answer = (_, response) => response.writeHead(200, { 'Content-Length': 3 }).end('abc')
  const stop = new AbortController()
  const reader = (await ask({ signal: stop.signal })).body!.getReader()
  expect(Buffer.from((await reader.read()).value!).toString()).toBe('abc')
  // An error that nobody hears would end the process.
  stop.abort(new Error('it is enough'))
  await reader.cancel()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect((await ask()).status).toBe(200)
})

it('does not wait for ever for a connection', async () => {
  const connected = Promise.withResolvers<Socket>()
  const mute = createTcpServer(connected.resolve).listen(0, '127.0.0.1')
  await once(mute, 'listening')
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const { port } = mute.address() as AddressInfo
    // It never answers to the beginning of TLS.
    const asking = outboundFetch(`https://127.0.0.1:${port}/`, { redirect: 'manual' })
    const error = asking.catch((thrown) => thrown)
    const socket = await connected.promise
    vi.advanceTimersByTime(10_000)
    expect((await error).cause.message).toBe('no connection within 10 s')
    socket.destroy()
  } finally {
    vi.useRealTimers()
    mute.close()
  }
})
