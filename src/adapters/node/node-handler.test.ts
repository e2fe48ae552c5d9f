import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTempFolder } from '../../../test/support/temp.ts'
import type { DoorReply } from '../../server/reply.ts'
import { openFilePart } from '../../storage/fs/file-part.ts'
import { createNodeHandler } from './node-handler.ts'

const errors: string[] = []
const made = new AsyncDisposableStack()
let port: number

beforeAll(async () => {
  const file = join(made.use(await makeTempFolder()).path, 'file')
  await writeFile(file, 'abc'.repeat(100_000))
  const reply = async (target: string): Promise<DoorReply> => {
    if (target === '/broken') return { status: 200, headers: {}, body: broken() }
    if (target === '/broken-framed') {
      return { status: 200, headers: { 'Content-Length': '200000' }, body: broken() }
    }
    const body = (await openFilePart(file, { size: 300_000, start: 1, end: 200_000 }))!
    return { status: 200, headers: { 'Content-Length': '199999' }, body }
  }
  const handler = createNodeHandler(
    ({ target }) => reply(target),
    (error) => errors.push((error as Error).message),
  )
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  made.defer(() => void server.close())
  port = (server.address() as AddressInfo).port
})
afterAll(() => made.disposeAsync())

/** A stream that breaks after 100,000 bytes. */
function broken(): ReadableStream<Uint8Array> {
  let isFirst = true
  return new ReadableStream({
    pull(controller) {
      if (!isFirst) throw new Error('broken on purpose')
      isFirst = false
      controller.enqueue(new Uint8Array(100_000).fill(120))
    },
  })
}

/** Gives what came and how the connection ended. */
async function ask(target: string, version: string): Promise<readonly [received: string, end: string]> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  let received = ''
  let end = 'closed'
  socket.on('data', (text) => {
    received += text
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    end = error.code ?? ''
  })
  const closed = once(socket, 'close')
  socket.write(`GET ${target} HTTP/${version}\r\nHost: x\r\nConnection: close\r\n\r\n`)
  await closed.catch(() => {})
  return [received, end]
}

test('sends a part of a file', async () => {
  const [received, end] = await ask('/file', '1.1')
  expect(received.slice(received.indexOf('\r\n\r\n') + 4)).toBe('abc'.repeat(100_000).slice(1, 200_000))
  expect(end).toBe('closed')
})

test.each([
  ['/broken', '1.1'],
  ['/broken', '1.0'],
  ['/broken-framed', '1.1'],
  ['/broken-framed', '1.0'],
])('breaks off where a body does: %s, HTTP/%s', async (target, version) => {
  errors.length = 0
  const [received, end] = await ask(target, version)
  expect(received).not.toMatch(/\r\n0\r\n/)
  expect(end).toBe('ECONNRESET')
  expect(errors).toEqual(['broken on purpose'])
})
