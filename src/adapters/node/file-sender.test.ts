import { once } from 'node:events'
import { readSync, writeSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { until } from '../../../test/support/until.ts'
import type { FileGrowth, FilePart } from '../../internal/file-part.ts'
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

const openPart = async (end = SIZE) => (await openFilePart(path, { size: SIZE, start: 3, end }))!

/** Sends the part after a greeting, and gives what a client received and what went wrong. */
async function send(kernel: KernelFiles | undefined, end = SIZE, slow = false): Promise<[Buffer, string]> {
  return sendPart(await openPart(end), kernel, slow)
}

async function sendPart(
  part: FilePart,
  kernel: KernelFiles | undefined,
  slow = false,
): Promise<[Buffer, string]> {
  const sender = new FileSender(() => kernel)
  let fault = ''
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.write('hello')
    const cancel = sender.send(part, socket, {
      length: part.end - part.start,
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

/** A file of which ever more can be read, and at last all, or no more than `most` bytes. */
function growing(most = SIZE, rest: FileGrowth['rest'] = () => undefined): FileGrowth {
  let position = 0
  let grown = Promise.withResolvers<void>()
  const timer = setInterval(() => {
    position = Math.min(most, position + 777_777)
    if (position === most) clearInterval(timer)
    grown.resolve()
    grown = Promise.withResolvers()
  }, 2)
  return {
    get position() {
      return position
    },
    async passed(at) {
      while (position <= at) {
        if (position === most) throw new Error('the disk is full')
        await grown.promise
      }
    },
    rest,
  }
}

const ofRest = (position: number) => new Blob([BYTES.subarray(position)]).stream()

test.each([
  ['a kernel', kernelOf()],
  ['no kernel', undefined],
])('sends a file while it is written, by %s', async (_, kernel) => {
  const part = { ...(await openPart()), growth: growing() }
  const [received, fault] = await sendPart(part, kernel)
  expect(received.equals(whole)).toBe(true)
  expect(fault).toBe('')
})

test('takes the rest from elsewhere when the file fails', async () => {
  const failures: unknown[] = []
  const rest: FileGrowth['rest'] = (position, error) => {
    failures.push(position, (error as Error).message)
    return ofRest(position)
  }
  const part = { ...(await openPart()), growth: growing(5_000_000, rest) }
  const [received, fault] = await sendPart(part, kernelOf())
  expect(received.equals(whole)).toBe(true)
  expect(fault).toBe('')
  expect(failures).toEqual([5_000_000, 'the disk is full'])
})

test.each([
  ['there is no rest', () => undefined, 'the disk is full'],
  ['the rest is too short', () => ofRest(SIZE - 10), 'a body lacks 7345668 of 7345678 bytes'],
])('says so when the file fails and %s', async (_, rest, message) => {
  const part = { ...(await openPart()), growth: growing(5_000_000, rest) }
  const [received, fault] = await sendPart(part, undefined)
  expect(received.length).toBeLessThan(whole.length)
  expect(fault).toBe(message)
})

test('waits for no more bytes once the client has left', async () => {
  let isClosed = false
  const opened = await openPart()
  const growth = {
    position: 10,
    passed: (at: number) => (at < 10 ? Promise.resolve() : new Promise<void>(() => {})),
  }
  const part: FilePart = {
    ...opened,
    growth: { ...growth, rest: () => undefined },
    close() {
      isClosed = true
      opened.close()
    },
  }
  const server = createServer((socket) => {
    socket.on('error', () => {})
    const options = { length: SIZE - 3, onProgress() {}, onEnd() {}, onError() {} }
    socket.once('close', new FileSender().send(part, socket, options))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(client, 'data')
  client.resetAndDestroy()
  await until('the file to be closed', () => isClosed)
  server.close()
})
