import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { blobOf } from '../../test/support/content.ts'
import {
  type Answer,
  json,
  type ScriptedRegistry,
  serve,
  startScriptedRegistry,
} from '../../test/support/scripted-registry.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { until } from '../../test/support/until.ts'
import { systemClock } from '../adapters/clock.ts'
import type { Digest } from '../oci/digest.ts'
import type { Name } from '../oci/name.ts'
import { createMemorySpool } from '../storage/memory/memory-spool.ts'
import { startDownload } from '../transfer/download.ts'
import { takeTurns } from '../transfer/source.ts'
import { blobSource } from './blob-source.ts'
import { openHttpRegistry } from './http-registry.ts'

const MIB = 1024 * 1024
const SIZE = 17 * MIB + 77
/** No two places of it are alike. */
const BLOB = blobOf(
  new Uint8Array(Uint32Array.from({ length: SIZE / 4 + 1 }, (_, at) => at * 2654435761).buffer, 0, SIZE),
)
const DIGEST = BLOB.digest as Digest
const PATH = `/v2/app/blobs/${DIGEST}`
const RANGES = [0, 4, 8, 12, 16].map((at) => `bytes=${at * MIB}-${Math.min(SIZE, (at + 4) * MIB) - 1}`)
const signal = new AbortController().signal

let server: ScriptedRegistry
beforeAll(async () => {
  server = await startScriptedRegistry({ repositories: [{ name: 'app', tags: {}, blobs: [BLOB] }] })
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(() => {
  server.script(PATH, serve(BLOB))
})

/** A registry that is, by the clock, so many milliseconds away. */
function connect(milliseconds = 50, { attempts = 1, requestsPerSecond = 1000 } = {}) {
  let now = 0
  const clock = {
    ...systemClock,
    now: () => {
      now += milliseconds
      return now
    },
  }
  const runtime = createTestRuntime({ ...clock, fetch: (url, init) => globalThis.fetch(url, init) })
  const registry = openHttpRegistry(runtime, {
    ...{ url: server.origin, prefix: '', attempts },
    credentials: async () => undefined,
    limits: { concurrency: 20, requestsPerSecond },
  })
  const repository = registry.repository('app' as Name)
  const asked = server.requests.length
  return {
    runtime,
    source: () => blobSource(repository, DIGEST, SIZE),
    /** Makes it known how far it is. */
    meet: async () => expect(await repository.stat(`sha256:${'0'.repeat(64)}` as Digest)).toBeUndefined(),
    ranges: () =>
      server.requests
        .slice(asked)
        .filter(({ path, method }) => path === PATH && method === 'GET')
        .map(({ headers }) => headers.range),
  }
}

async function hashOf(body: ReadableStream<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of body) hash.update(bytes)
  return `sha256:${hash.digest('hex')}`
}

it('a large blob of a far registry comes in ranges, in their order', async () => {
  const { source, meet, ranges } = connect()
  await meet()
  const opened = await source().open(0, signal)
  expect(opened).toMatchObject({ start: 0, size: SIZE })
  expect(await hashOf(opened!.body)).toBe(DIGEST)
  expect(ranges()).toEqual(RANGES)
})

it('so does what is left of it from somewhere on', async () => {
  const { source, meet, ranges } = connect()
  await meet()
  const opened = await source().open(1_000_001, signal)
  expect(opened).toMatchObject({ start: 1_000_001, size: SIZE })
  const rest = createHash('sha256').update(BLOB.bytes.subarray(1_000_001)).digest('hex')
  expect(await hashOf(opened!.body)).toBe(`sha256:${rest}`)
  expect(ranges()[0]).toBe(`bytes=1000001-${1_000_000 + 4 * MIB}`)
})

it.each<[string, number, boolean, number]>([
  ['of a registry that is near', 10, true, 0],
  ['of a registry of which nobody knows how far it is', 50, false, 0],
  ['of which little is left', 50, true, SIZE - 15 * MIB],
])('a blob %s comes in one answer', async (_, milliseconds, isMet, start) => {
  const { source, meet, ranges } = connect(milliseconds)
  if (isMet) await meet()
  const opened = await source().open(start, signal)
  await opened!.body.cancel()
  expect(ranges()).toEqual([start === 0 ? undefined : `bytes=${start}-`])
})

/** Reads blobs at once, and gives how many requests wait when none but the first of each is answered. */
async function readTogether(blobs: number, { source }: ReturnType<typeof connect>): Promise<number> {
  const held: (() => void)[] = []
  let isHeld = true
  server.script(PATH, (request, response) => {
    const answer = () => serve(BLOB)(request, response)
    const { range } = request.headers
    if (isHeld && range !== undefined && !range.startsWith('bytes=0-')) held.push(answer)
    else answer()
  })
  const bodies = await Promise.all(Array.from({ length: blobs }, () => source().open(0, signal)))
  await until('all that are asked for', () => held.length >= 3)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const { length } = held
  isHeld = false
  for (const answer of held) answer()
  for (const hash of await Promise.all(bodies.map((each) => hashOf(each!.body)))) expect(hash).toBe(DIGEST)
  return length
}

it('four requests for one blob are under way at once, and others are streams meanwhile', async () => {
  const registry = connect()
  await registry.meet()
  expect(await readTogether(1, registry)).toBe(3)
  expect(await readTogether(3, registry)).toBe(3)
  expect(registry.ranges().filter((range) => range === undefined)).toHaveLength(2)
  // There is place for it again.
  expect(await readTogether(1, registry)).toBe(3)
})

it('a blob of a registry that may be asked little comes in one answer', async () => {
  const { source, meet, ranges } = connect(50, { requestsPerSecond: 19 })
  await meet()
  await (await source().open(0, signal))!.body.cancel()
  expect(ranges()).toEqual([undefined])
})

const other =
  (start: number, size: number | string) => (request: IncomingMessage, response: ServerResponse) => {
    const last = Number(/-(\d+)$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    if (last === 0) return serve(BLOB)(request, response)
    const headers = { 'Content-Range': `bytes ${start}-${start + last}/${size}`, 'Content-Length': last + 1 }
    response.writeHead(206, headers).end(BLOB.bytes.subarray(0, last + 1))
  }
const whole: Answer = (_, response) => void response.writeHead(200).end(BLOB.bytes)
const unsatisfied: Answer = (request, response) =>
  request.headers.range?.match(/-\d/) ? void response.writeHead(416).end() : serve(BLOB)(request, response)

it.each<[string, Answer]>([
  ['gives all of it', whole],
  ['gives other bytes', other(1, SIZE)],
  ['says another size', other(0, SIZE + 1)],
  ['says no size', other(0, '*')],
  ['refuses ranges', unsatisfied],
])('a registry that %s is asked for all of it, and for no range again', async (_, answer) => {
  const { source, meet, ranges } = connect()
  await meet()
  server.script(PATH, answer)
  for (let times = 0; times < 2; times++) {
    const opened = await source().open(0, signal)
    expect(await hashOf(opened!.body)).toBe(DIGEST)
  }
  expect(ranges()).toEqual([RANGES[0], undefined, undefined])
})

/** Answers as it should, but for the range that begins at `start`, the first time. */
function once(start: number, answer: Answer): Answer {
  let isDone = false
  return (request, response) => {
    const isIt = request.headers.range?.startsWith(`bytes=${start}-`) && !isDone
    isDone ||= isIt === true
    return isIt ? answer(request, response) : serve(BLOB)(request, response)
  }
}
const cut: Answer = (request, response) => {
  response.writeHead(206, {
    'Content-Length': 4 * MIB,
    'Content-Range': request.headers.range!.replace('=', ' ').concat(`/${SIZE}`),
  })
  response.write(BLOB.bytes.subarray(8 * MIB, 9 * MIB), () => request.socket.destroy())
}

it.each<[string, Answer]>([
  ['is cut off', cut],
  ['is not there any more', (_, response) => void response.writeHead(404).end()],
  ['may not be had any more', (_, response) => void response.writeHead(403).end()],
  ['comes as all of it', whole],
])('a download goes on as one stream where it was when a range %s', async (_, answer) => {
  const { runtime, source, meet, ranges } = connect()
  await meet()
  server.script(PATH, once(8 * MIB, answer))
  const spool = createMemorySpool()
  let came = 0
  const onBytes = (bytes: number) => {
    came += bytes
  }
  const download = startDownload(
    { ...runtime, after: (_, work) => systemClock.after(0, work) },
    { digest: DIGEST, name: 'app', size: SIZE },
    spool,
    { sources: takeTurns([source()]), stop: signal, onBytes },
  )
  await download.ended
  expect(came).toBe(SIZE)
  const last = ranges().at(-1)!
  expect(last).toMatch(/^bytes=\d+-$/)
  expect(Number(last.slice(6, -1))).toBeGreaterThanOrEqual(8 * MIB)
})

it('who gives it up gives up all that was asked for', async () => {
  const { source, meet } = connect()
  await meet()
  let underWay = 0
  server.script(PATH, (request, response) => {
    underWay++
    response.once('close', () => underWay--)
    response.writeHead(206, {
      'Content-Length': 4 * MIB,
      'Content-Range': request.headers.range!.replace('=', ' ').concat(`/${SIZE}`),
    })
    response.write(BLOB.bytes.subarray(0, MIB))
  })
  const reader = (await source().open(0, signal))!.body.getReader()
  await reader.read()
  await until('four requests', () => underWay === 4)
  await reader.cancel()
  await until('no request', () => underWay === 0)
})

it('ends with the reason of its signal', async () => {
  const { source, meet } = connect()
  await meet()
  server.script(PATH, () => {})
  const stop = new AbortController()
  const opening = source().open(0, stop.signal)
  stop.abort(new Error('enough'))
  await expect(opening).rejects.toThrow('enough')

  server.script(PATH, once(0, cut))
  const later = new AbortController()
  const reader = (await source().open(0, later.signal))!.body.getReader()
  await reader.read()
  later.abort(new Error('more than enough'))
  const readAll = async () => {
    while (!(await reader.read()).done);
  }
  await expect(readAll()).rejects.toThrow('more than enough')
})

it('each range is asked of the registry, and of where that redirects to', async () => {
  await using elsewhere = await startScriptedRegistry({ repositories: [] })
  elsewhere.script('/blob', (request, response) => {
    setTimeout(() => serve(BLOB)(request, response), 30)
  })
  const { source, meet } = connect()
  await meet()
  server.script(PATH, (request, response) => {
    const address = `${elsewhere.origin}/blob?signed=${encodeURIComponent(request.headers.range ?? '')}`
    response.writeHead(307, { Location: address }).end()
  })
  const opened = await source().open(0, signal)
  expect(await hashOf(opened!.body)).toBe(DIGEST)
  // Several are asked for at once, and arrive in any order.
  const asked = elsewhere.requests.map(({ headers }) => headers.range)
  expect(asked.toSorted()).toEqual(RANGES.toSorted())
  const signed = elsewhere.requests.map(({ path, headers }) =>
    path.endsWith(encodeURIComponent(headers.range!)),
  )
  expect(signed).toEqual(RANGES.map(() => true))
})

it('a login that ends between two ranges is renewed', async () => {
  let tokens = 0
  await using guarded = await startScriptedRegistry({
    repositories: [{ name: 'app', tags: {}, blobs: [BLOB] }],
    // Each token is good for three requests.
    challenge: ({ headers }) => {
      const token = `Bearer token-${tokens}`
      uses = headers.authorization === token ? uses + 1 : uses
      return headers.authorization === token && uses % 4 !== 0
        ? undefined
        : `Bearer realm="${guarded.origin}/token",service="s"`
    },
  })
  let uses = 0
  guarded.script('/token', (request, response) => json({ token: `token-${++tokens}` })(request, response))
  const before = server
  server = guarded
  try {
    const { source, meet } = connect(50, { attempts: 3 })
    await meet()
    const opened = await source().open(0, signal)
    expect(await hashOf(opened!.body)).toBe(DIGEST)
    expect(tokens).toBeGreaterThan(1)
  } finally {
    server = before
  }
})
