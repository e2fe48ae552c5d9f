import { once } from 'node:events'
import { readSync, writeSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { openFilePart } from '../../storage/fs/file-part.ts'
import { FileSender } from './file-sender.ts'
import type { KernelFiles } from './kernel-files.ts'

// What the listeners do with parts of files, test/conformance has on both runtimes. Here are kernels of every kind.

const SIZE = 12_345_678
const BYTES = Buffer.from(Array.from({ length: SIZE }, (_, index) => (index * 7919) % 251))
const made = new AsyncDisposableStack()
let path: string

beforeAll(async () => {
  path = join(made.use(await makeTempFolder()).path, 'file')
  await writeFile(path, BYTES)
})
afterAll(() => made.disposeAsync())

/** What Linux does, in the words of Node; tells how many bytes went this way. */
function kernelOf(overrides: Partial<KernelFiles> = {}): KernelFiles & { sent: number } {
  const kernel = {
    sent: 0,
    send(socket: number, file: number, position: number, bytes: number): number {
      const buffer = Buffer.alloc(Math.min(bytes, 100_000))
      const read = readSync(file, buffer, 0, buffer.length, position)
      try {
        const written = writeSync(socket, buffer, 0, read)
        kernel.sent += written
        return written
      } catch {
        return -1
      }
    },
    isInMemory: () => true,
    ...overrides,
  }
  return kernel
}

/** Sends the part after a greeting, and gives what a client received and what went wrong. */
async function send(kernel: KernelFiles | undefined, end = SIZE, slow = false): Promise<[Buffer, string]> {
  const sender = new FileSender(() => kernel)
  const part = (await openFilePart(path, { size: SIZE, start: 3, end }))!
  let fault = ''
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.write('hello')
    const cancel = sender.send(part, socket, {
      length: end - 3,
      onProgress() {},
      onEnd: () => socket.end(),
      onError(error) {
        fault = (error as Error).message
        socket.destroy()
      },
    })
    socket.once('close', cancel)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const received = await collect(client, slow)
  server.close()
  await once(server, 'close')
  return [received, fault]
}

async function collect(client: Socket, slow: boolean): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of client) {
    pieces.push(piece)
    if (slow && pieces.length % 20 === 0) await sleep(5)
  }
  return Buffer.concat(pieces)
}

const whole = Buffer.concat([Buffer.from('hello'), BYTES.subarray(3)])

test.each([false, true])('has the kernel send nearly all, to a slow client too: %s', async (slow) => {
  const kernel = kernelOf()
  const [received, fault] = await send(kernel, SIZE, slow)
  expect(received.equals(whole)).toBe(true)
  expect(fault).toBe('')
  expect(kernel.sent).toBeGreaterThan(0.9 * SIZE)
})

test.each<[string, KernelFiles | undefined]>([
  ['there is none', undefined],
  ['it will not send this file', kernelOf({ send: () => -1 })],
  ['nothing is in memory', kernelOf({ isInMemory: () => false })],
  ['every other piece is not in memory', kernelOf({ isInMemory: (_, position) => position % 2 === 0 })],
])('sends all where %s', async (_, kernel) => {
  const [received, fault] = await send(kernel)
  expect(received.equals(whole)).toBe(true)
  expect(fault).toBe('')
})

test.each<[string, KernelFiles | undefined]>([
  ['a kernel', kernelOf()],
  ['a kernel that has all in memory and none of the end', kernelOf({ isInMemory: (_, at) => at < SIZE })],
  ['no kernel', undefined],
])('says so when the file is shorter than was promised, by %s', async (_, kernel) => {
  const [received, fault] = await send(kernel, SIZE + 10)
  expect(received.equals(whole)).toBe(true)
  expect(fault).toBe('a file ends 10 bytes before what was promised of it')
})
