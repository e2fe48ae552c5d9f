import { readdirSync, statSync } from 'node:fs'
import type { ListenOptions } from '../../../src/adapters/listener.ts'
import { listen } from '../../../src/adapters/node/listen.ts'
import type { DoorReply } from '../../../src/server/reply.ts'
import type { DoorRequest } from '../../../src/server/request.ts'
import { openFilePart } from '../../../src/storage/fs/file-part.ts'
import { openFileRange } from '../../../src/storage/fs/file-range.ts'

// A door for tests of listeners: answers with what it was asked, in the way that the path names. The first argument is
// JSON: options for `listen`.

const text = (body: string): DoorReply => ({
  status: 200,
  headers: { 'Content-Type': 'text/plain', 'Content-Length': String(Buffer.byteLength(body)) },
  body,
})

function echo({ method, target, peer }: DoorRequest): DoorReply {
  return text(JSON.stringify({ method, target, peer }))
}

let cancelled = 0

/** `size` bytes in chunks of 64 KiB, made when they are asked for. */
function stream(size: number): ReadableStream<Uint8Array> {
  let left = size
  return new ReadableStream(
    {
      pull(controller) {
        const chunk = new Uint8Array(Math.min(left, 65_536)).fill(120)
        left -= chunk.length
        if (chunk.length > 0) controller.enqueue(chunk)
        if (left === 0) controller.close()
      },
      cancel() {
        cancelled++
      },
    },
    { highWaterMark: 0 },
  )
}

let announceDrain = () => {}
const drainBegan = new Promise<void>((resolve) => {
  announceDrain = resolve
})

const later = <T>(value: T, milliseconds = 30) =>
  new Promise<T>((resolve) => setTimeout(resolve, milliseconds, value))

/** How many requests for `/counted` run, the most that ever did, and how many were answered. */
const counted = { running: 0, most: 0, answered: 0 }

async function count(): Promise<DoorReply> {
  counted.running++
  counted.most = Math.max(counted.most, counted.running)
  const reply = await later(text('z'.repeat(1_000_000)), 5)
  counted.running--
  counted.answered++
  return reply
}

/** Takes that many milliseconds of everybody's time. */
function work(milliseconds: number): DoorReply {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
  counted.answered++
  return text('w')
}

/** A file of 8 MB or so that is always there: the runtime itself. */
const FILE = process.execPath
const FILE_SIZE = statSync(FILE).size

async function file(): Promise<DoorReply> {
  const body = (await openFileRange(FILE, { size: FILE_SIZE, start: 0, end: FILE_SIZE }))!
  return { status: 200, headers: { 'Content-Length': String(FILE_SIZE) }, body }
}

/** A part of that file, by where it begins and ends; one that ends beyond the file promises more than there is. */
async function filePart(range = `0-${FILE_SIZE}`): Promise<DoorReply> {
  const [start = 0, end = 0] = range.split('-').map(Number)
  const body = (await openFilePart(FILE, { size: FILE_SIZE, start, end }))!
  return { status: 200, headers: { 'Content-Length': String(end - start) }, body }
}

/** A stream that breaks after so many bytes. */
function broken(size: number): ReadableStream<Uint8Array> {
  let left = size
  return new ReadableStream({
    pull(controller) {
      if (left === 0) throw new Error('broken on purpose')
      const chunk = new Uint8Array(Math.min(left, 65_536)).fill(120)
      left -= chunk.length
      controller.enqueue(chunk)
    },
  })
}

/** Some bytes, and the others so many milliseconds later. */
function pausing(milliseconds: number): ReadableStream<Uint8Array> {
  let pieces = 2
  return new ReadableStream(
    {
      async pull(controller) {
        if (pieces === 1) await later(undefined, milliseconds)
        controller.enqueue(new Uint8Array(1000).fill(120))
        if (--pieces === 0) controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}

/** Files of ours that are open; what a runtime itself has open at times is of no concern. */
const openFiles = () =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return statSync(`/proc/self/fd/${fd}`).size === FILE_SIZE
    } catch {
      return false
    }
  }).length

function door(request: DoorRequest): DoorReply | Promise<DoorReply> {
  const [path, query] = request.target.split('?')
  switch (path) {
    case '/redirect':
      return { status: 307, headers: { Location: 'https://store.test/x', 'Content-Length': '0' } }
    case '/not-modified':
      return { status: 304, headers: { ETag: '"x"' } }
    case '/unframed':
      return { status: 200, headers: {}, body: 'no length' }
    case '/utf-8':
      return text('é→')
    case '/bytes':
      return { status: 200, headers: { 'Content-Length': '3' }, body: new Uint8Array([0, 255, 10]) }
    case '/header':
      return text(String(request.header('x-forwarded-for')))
    case '/late':
      return later(echo(request))
    case '/held':
      // Answered only once the listener drains; whoever tests that is told that it runs.
      console.log('asked')
      return drainBegan.then(() => echo(request))
    case '/stream':
      return { status: 200, headers: { 'Content-Length': '1000000' }, body: stream(1_000_000) }
    case '/stream-late':
      return later({ status: 200, headers: { 'Content-Length': '1000000' }, body: stream(1_000_000) })
    case '/endless':
      return { status: 200, headers: {}, body: stream(Number.MAX_SAFE_INTEGER) }
    case '/endless-late':
      console.log('asked')
      return later({ status: 200, headers: {}, body: stream(Number.MAX_SAFE_INTEGER) })
    case '/pausing':
      return { status: 200, headers: { 'Content-Length': '2000' }, body: pausing(Number(query)) }
    case '/cancelled':
      return text(String(cancelled))
    case '/large':
      return text('y'.repeat(200_000))
    case '/throw':
      throw new Error('thrown on purpose')
    case '/reject':
      return Promise.reject(new Error('rejected on purpose'))
    case '/split':
      return { status: 200, headers: { 'X-Value': 'a\r\nX-Injected: b', 'Content-Length': '0' } }
    case '/short-stream':
      return { status: 200, headers: { 'Content-Length': '200000' }, body: stream(100_000) }
    case '/long-stream':
      return { status: 200, headers: { 'Content-Length': '100000' }, body: stream(200_000) }
    case '/count':
      return count()
    case '/work':
      return work(Number(query ?? 1))
    case '/counted':
      return text(JSON.stringify(counted))
    case '/file':
      return file()
    case '/part':
      return filePart(query)
    case '/shrunk-part':
      return filePart(`${FILE_SIZE - 100_000}-${FILE_SIZE + 100_000}`)
    case '/broken':
      return { status: 200, headers: { 'Content-Length': '200000' }, body: broken(Number(query)) }
    case '/broken-unframed':
      return { status: 200, headers: {}, body: broken(Number(query)) }
    case '/open-files':
      return text(String(openFiles()))
    case '/memory':
      return text(String(process.memoryUsage.rss()))
    default:
      return echo(request)
  }
}

// What both runtimes say of a file that nobody closed, once they collect it.
process.on('warning', (warning) => console.log(`error: ${warning.message}`))
process.on('uncaughtException', (error) => console.log(`error: ${error.message}`))

const options = JSON.parse(process.argv[2] ?? '{}') as Partial<ListenOptions>
const listener = await listen(door, {
  host: '127.0.0.1',
  port: 0,
  ...options,
  onError: (error) => console.log(`error: ${(error as Error).message}`),
  onRefused: ({ status, reason }) => console.log(`refused: ${status} ${reason}`),
})
console.log(`listening: ${listener.port}`)
process.on('SIGTERM', async () => {
  console.log('draining')
  const drained = listener.drain(5000)
  announceDrain()
  await drained
  console.log('drained')
  process.exit(0)
})
