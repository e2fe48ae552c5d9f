import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { outboundFetch } from './outbound.ts'

let connections = 0
const server = createServer((_, response) => response.writeHead(200, { 'Content-Length': '9' }).end())
server.on('connection', () => connections++)
/** Answers each request with a body, HEAD too, which is against RFC 9110, 9.3.2. */
const wrong = createTcpServer((socket) => {
  socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody'))
  socket.on('error', () => {})
})
/** Closes one connection just as it is used again, as one that has been idle for as long as it likes. */
const weary = createTcpServer((socket) => {
  let requests = 0
  socket.on('data', (chunk) => {
    const body = chunk.toString().startsWith('GET') ? 'nine byte' : ''
    if (++requests > 1 && closed++ === 0) socket.destroy()
    else socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n${body}`)
  })
  socket.on('error', () => {})
})
/** Answers nobody. */
const mute = createTcpServer((socket) => {
  refused++
  socket.once('data', () => socket.destroy())
  socket.on('error', () => {})
})
let refused = 0
let closed = 0
const originOf = ({ port }: AddressInfo) => `http://127.0.0.1:${port}/`

beforeAll(async () => {
  for (const each of [server, wrong, weary, mute]) {
    each.listen(0, '127.0.0.1')
    await once(each, 'listening')
  }
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  for (const each of [wrong, weary, mute]) each.close()
})

/** By `fetch`, and past it. */
const WAYS: readonly RequestInit[] = [{ redirect: 'follow' }, { redirect: 'manual' }]

it.each(WAYS)('asks by HEAD again and again on one connection, %j', async (way) => {
  const origin = originOf(server.address() as AddressInfo)
  // What fetch goes by is there once it was called.
  await outboundFetch(origin, { method: 'HEAD', ...way })
  connections = 0
  for (let n = 0; n < 5; n++) {
    const { status, headers } = await outboundFetch(origin, { method: 'HEAD', ...way })
    expect([status, headers.get('content-length')]).toEqual([200, '9'])
  }
  expect(connections).toBeLessThan(2)
})

it.each(WAYS)(
  'is answered by a server that sends a body after HEAD, if not each time, and never with a part of that body, %j',
  async (way) => {
    const origin = originOf(wrong.address() as AddressInfo)
    const answers = []
    for (let n = 0; n < 6; n++) {
      answers.push(
        await outboundFetch(origin, { method: 'HEAD', ...way }).then(
          ({ status }) => status,
          () => 'failed',
        ),
      )
    }
    expect(answers[0]).toBe(200)
    expect(new Set(answers).difference(new Set([200, 'failed']))).toEqual(new Set())
  },
)

it.each(['GET', 'HEAD'].flatMap((method) => WAYS.map((way) => ({ method, ...way }))))(
  'asks once more when the other end had just closed the connection that was kept, %j',
  async (init) => {
    const origin = originOf(weary.address() as AddressInfo)
    const statuses = []
    closed = 0
    for (let n = 0; n < 6; n++) {
      const response = await outboundFetch(origin, init)
      await response.arrayBuffer()
      statuses.push(response.status)
    }
    expect(statuses).toEqual(Array(6).fill(200))
    expect(closed).toBeGreaterThan(0)
  },
)

it.each(WAYS)('asks a server that answers nobody no more than twice, %j', async (way) => {
  const origin = originOf(mute.address() as AddressInfo)
  refused = 0
  await expect(outboundFetch(origin, { method: 'HEAD', ...way })).rejects.toThrow()
  expect(refused).toBeLessThanOrEqual(2)
})
