import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeCertificates, noCertificates } from '../../../test/support/certificates.ts'
import { seededRandom } from '../../../test/support/seeded-random.ts'
import { bulkGet } from './bulk-get.ts'
import { outboundFetch } from './outbound.ts'
import { trustFiles } from './trust.ts'

/** Larger than all the memory of one answer, and no multiple of it. */
const BODY = Buffer.alloc(5 * 1024 * 1024 + 4321, 'what no two pieces have at the same place ')
const HASH = createHash('sha256').update(BODY).digest('hex')
const OK = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n`
const LEND = { method: 'GET', redirect: 'manual', lend: true } as const

/** What the server does with a connection, once it was asked. */
let answer: (socket: Socket, request: string) => unknown
const server = createServer((socket) => {
  socket.once('data', (request) => answer(socket, request.toString('latin1')))
  socket.on('error', () => {})
})
let origin: string

beforeAll(async () => {
  server.listen(0)
  await once(server, 'listening')
  origin = `http://localhost:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
})

it.each<[string, (socket: Socket) => unknown, (round: number) => Promise<unknown>]>([
  ['in one go', (socket) => socket.end(OK + BODY.toString('latin1'), 'latin1'), async () => {}],
  ['to a reader who is slow', (socket) => socket.end(OK + BODY.toString('latin1'), 'latin1'), turns],
  ['in pieces of any size', inPieces, async () => {}],
  ['in pieces of any size, to a reader who is slow now and then', inPieces, (round) => turns(round % 3)],
])('reads what comes %s', async (_, how, pause) => {
  answer = how
  const response = await bulkGet(`${origin}/blob`, LEND)
  expect([response?.status, response?.url]).toEqual([200, `${origin}/blob`])
  const hash = createHash('sha256')
  let round = 0
  for await (const piece of response!.body!) {
    await pause(++round)
    hash.update(piece)
  }
  expect(hash.digest('hex')).toBe(HASH)
})

it('asks as it is told to, over a connection of its own', async () => {
  let asked = ''
  answer = (socket, request) => {
    asked = request
    socket.end('HTTP/1.1 206 Partial Content\r\nContent-Length: 0\r\nContent-Range: bytes 7-8/9\r\n\r\n')
  }
  const response = await bulkGet(`${origin}/a%20b?c=d`, { ...LEND, headers: { Range: 'bytes=7-' } })
  expect([response?.status, response?.headers.get('content-range')]).toEqual([206, 'bytes 7-8/9'])
  expect((await response!.arrayBuffer()).byteLength).toBe(0)
  const fields = ['accept: */*', 'connection: close', `host: ${new URL(origin).host}`, 'range: bytes=7-']
  expect(asked).toBe(`GET /a%20b?c=d HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`)
})

it('keeps no more in memory than its two pieces while nobody reads', async () => {
  let taken: Socket | undefined
  answer = (socket) => {
    taken = socket
    // More than the buffers of both systems hold.
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n')
    const more = () => {
      while (socket.write(BODY)) {}
    }
    socket.on('drain', more)
    more()
  }
  const response = await bulkGet(origin, LEND)
  let before = -1
  for (let rounds = 0; taken!.bytesWritten !== before || rounds < 3; rounds++) {
    before = taken!.bytesWritten
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect(taken!.writableLength).toBeGreaterThan(0)
  const closed = new Promise((resolve) => taken!.once('close', resolve))
  await response!.body!.cancel()
  await closed
})

it('reads one answer after another into the same memory, but for what somebody may still be sending', async () => {
  answer = (socket) => socket.end(OK + BODY.toString('latin1'), 'latin1')
  const memory = new Set<ArrayBufferLike>()
  for (let round = 0; round < 3; round++) {
    for await (const { buffer } of (await bulkGet(origin, LEND))!.body!) memory.add(buffer)
    await turns(2)
  }
  expect(memory.size).toBe(2)
  const { body } = (await bulkGet(origin, LEND))!
  const reader = body!.getReader()
  const { value: kept } = await reader.read()
  await reader.cancel()
  await turns(2)
  for await (const { buffer } of (await bulkGet(origin, LEND))!.body!) expect(buffer).not.toBe(kept!.buffer)
})

it.each([
  ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
  ['no body', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n'],
  ['something before the answer', 'HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\n'],
  ['a head that does not end', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}`],
])('leaves to fetch: %s', async (_, text) => {
  answer = (socket) => socket.write(text)
  expect(await bulkGet(origin, LEND)).toBeUndefined()
})

it('has fetch ask for what it does not read itself', async () => {
  let requests = 0
  answer = (socket) => {
    requests++
    socket.end(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    )
  }
  expect(await (await outboundFetch(origin, LEND)).text()).toBe('abc')
  expect(requests).toBe(2)
})

it.each([
  ['nothing', '', 'closed the connection before it answered'],
  ['a part of a head', 'HTTP/1.1 200 OK\r\nContent-', 'closed the connection before it answered'],
  ['less than it announced', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc', 'before all of its 9 bytes'],
  ['more than it announced', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc', 'more came than the 2 bytes'],
  ['more than nothing', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nabc', 'more came than the 0 bytes'],
])('fails where the other side sends %s', async (_, text, message) => {
  answer = (socket) => socket.end(text)
  const read = bulkGet(origin, LEND).then((response) => response?.text())
  const error = await read.catch((thrown) => thrown)
  expect((error.cause ?? error).message).toContain(message)
})

it('hands on what came before the other side hung up', async () => {
  answer = (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')
  const reader = (await bulkGet(origin, LEND))!.body!.getReader()
  await turns(1)
  expect(Buffer.from((await reader.read()).value!).toString()).toBe('abc')
  await expect(reader.read()).rejects.toThrow('before all of its 9 bytes')
})

it('ends with the reason of its signal, before an answer and in the middle of one', async () => {
  const connected = Promise.withResolvers<void>()
  answer = () => connected.resolve()
  const first = new AbortController()
  const asking = bulkGet(origin, { ...LEND, signal: first.signal })
  await connected.promise
  first.abort(new Error('no more of it'))
  await expect(asking).rejects.toThrow('no more of it')

  answer = (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')
  const second = new AbortController()
  const reader = (await bulkGet(origin, { ...LEND, signal: second.signal }))!.body!.getReader()
  await reader.read()
  second.abort(new Error('nor of this'))
  await expect(reader.read()).rejects.toThrow('nor of this')
})

it('says why nobody could be reached', async () => {
  const gone = createServer().listen(0)
  const { port } = gone.address() as AddressInfo
  await new Promise((resolve) => gone.close(resolve))
  const error = await bulkGet(`http://127.0.0.1:${port}/`, LEND).catch((thrown) => thrown)
  expect(error.cause.code).toBe('ECONNREFUSED')
})

it.skipIf(noCertificates !== undefined)('reads over TLS, from whom this process trusts', async () => {
  await using certificates = await makeCertificates()
  const secure = createTlsServer({ key: certificates.key, cert: certificates.good }, (socket) => {
    socket.once('data', () => inPieces(socket))
    socket.on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(secure, 'listening')
  const url = `https://127.0.0.1:${(secure.address() as AddressInfo).port}/`
  try {
    const refused = await bulkGet(url, LEND).catch((thrown) => thrown)
    expect(refused.cause.code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    await trustFiles([certificates.trustFile])
    const hash = createHash('sha256')
    let round = 0
    for await (const piece of (await bulkGet(url, LEND))!.body!) {
      // TLS gives what it has decrypted even to who wants no more for now.
      await turns(++round % 3)
      hash.update(piece)
    }
    expect(hash.digest('hex')).toBe(HASH)
  } finally {
    secure.close()
  }
})

/** Lets so many turns of the event loop pass. */
async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await new Promise((resolve) => setTimeout(resolve))
}

async function inPieces(socket: Socket): Promise<void> {
  const random = seededRandom(1)
  socket.setNoDelay(true)
  const all = Buffer.concat([Buffer.from(OK), BODY])
  for (let at = 0; at < all.length; ) {
    const end = at + 1 + Math.floor(random() ** 4 * 900_000)
    await new Promise((resolve) => socket.write(all.subarray(at, end), resolve))
    if (random() < 0.2) await turns(1)
    at = end
  }
  socket.end()
}
