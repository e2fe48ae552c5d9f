import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createTestRuntime, type TestRuntime } from '../../test/support/test-runtime.ts'
import { PortolanError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { createMemorySpool } from '../storage/memory/memory-spool.ts'
import { type Download, type DownloadOptions, startDownload } from './download.ts'
import { follow } from './follow.ts'
import { type OpenedSource, type Source, takeTurns } from './source.ts'
import type { Spool } from './spool.ts'
import type { WantedBlob } from './transfer-error.ts'

const MIB = 1024 * 1024
const BYTES = new Uint8Array(3 * MIB).map((_, at) => (at * 7919) % 251)
const BLOB: WantedBlob = { digest: digestOf(BYTES), size: BYTES.length, name: 'app' }

function digestOf(bytes: Uint8Array, algorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest
}

/** On its clock every wait is over at once, and is noted; a time limit never comes. */
function eagerRuntime(): { runtime: TestRuntime; waits: number[] } {
  const waits: number[] = []
  const runtime = createTestRuntime({
    after(milliseconds, work) {
      if (milliseconds >= 30_000) return () => {}
      waits.push(milliseconds)
      queueMicrotask(work)
      return () => {}
    },
  })
  return { runtime, waits }
}

interface TestSource extends Source {
  /** Where it was asked to begin. */
  readonly starts: number[]
}

/** Gives bytes in pieces, up to `upTo` of the blob, and then ends as it is told. */
function source(location: string, parts: Partial<OpenedSource> & Behaviour = {}): TestSource {
  const starts: number[] = []
  return {
    location,
    starts,
    async open(start) {
      starts.push(start)
      const { bytes = BYTES, upTo = bytes.length, ending = 'close', refuse, ignoresRange, ...facts } = parts
      if (refuse !== undefined) throw refuse
      if (ending === 'missing') return undefined
      const from = ignoresRange ? 0 : start
      const body = bodyOf(bytes.subarray(from, Math.max(from, upTo)), ending)
      return { start: from, size: bytes.length, body, ...facts }
    },
  }
}

interface Behaviour {
  readonly bytes?: Uint8Array
  readonly upTo?: number
  readonly ending?: 'close' | 'break' | 'hang' | 'missing'
  readonly refuse?: PortolanError
  readonly ignoresRange?: boolean
}

function bodyOf(bytes: Uint8Array, ending: Behaviour['ending']): ReadableStream<Uint8Array> {
  let position = 0
  return new ReadableStream(
    {
      async pull(controller) {
        if (position < bytes.length) {
          controller.enqueue(bytes.slice(position, position + 100_000))
          position += 100_000
          return
        }
        if (ending === 'hang') return new Promise<void>(() => {})
        if (ending === 'break') controller.error(new TypeError('terminated'))
        else controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}

interface Run {
  readonly download: Download
  readonly spool: Spool
  readonly waits: readonly number[]
}

function start(
  sources: readonly Source[],
  {
    blob = BLOB,
    spool = createMemorySpool(),
    ...options
  }: Partial<DownloadOptions> & {
    blob?: WantedBlob
    spool?: Spool
  } = {},
): Run {
  const { runtime, waits } = eagerRuntime()
  const { signal: stop } = new AbortController()
  const download = startDownload(runtime, blob, spool, { sources: takeTurns(sources), stop, ...options })
  return { download, spool, waits }
}

async function expectWhole({ download, spool }: Run): Promise<void> {
  await download.ended
  expect(await download.size).toBe(BYTES.length)
  expect(Buffer.compare(await spool.read(0, BYTES.length), BYTES)).toBe(0)
}

async function spoolOf(bytes: Uint8Array): Promise<Spool> {
  const spool = createMemorySpool()
  await spool.append(bytes)
  return spool
}

const unreachable = new PortolanError('UNREACHABLE', 'no answer')
const refused = new PortolanError('ACCESS_DENIED', 'not for you')

describe('a blob is brought', () => {
  it.each([
    ['of a known size', BLOB],
    ['whose size only the source says', { ...BLOB, size: undefined }],
    ['of sha512', { ...BLOB, digest: digestOf(BYTES, 'sha512') }],
  ])('%s', async (_, { size, ...blob }) => {
    const only = source('a')
    const run = start([only], { blob: { ...blob, ...(size !== undefined && { size }) } })
    await expectWhole(run)
    expect(only.starts).toEqual([0])
  })

  it('whose size nobody says', async () => {
    const { size: _, ...blob } = BLOB
    const body = bodyOf(BYTES, 'close')
    const silent: Source = { location: 'a', open: async () => ({ start: 0, body }) }
    await expectWhole(start([silent], { blob }))
  })

  it('from where an earlier process ended, which is hashed too', async () => {
    const only = source('a')
    const run = start([only], { spool: await spoolOf(BYTES.slice(0, 2 * MIB + 5)) })
    await expectWhole(run)
    expect([only.starts, run.download.resumedFrom]).toEqual([[2 * MIB + 5], 2 * MIB + 5])
  })

  it('without asking anybody when all of it is there', async () => {
    const only = source('a')
    await expectWhole(start([only], { spool: await spoolOf(BYTES) }))
    expect(only.starts).toEqual([])
  })

  it('when a source sends all of it again', async () => {
    const run = start([source('a', { ignoresRange: true })], { spool: await spoolOf(BYTES.slice(0, MIB)) })
    await expectWhole(run)
  })

  it('and every byte that comes is told', async () => {
    let told = 0
    const onBytes = (bytes: number) => {
      told += bytes
    }
    await expectWhole(start([source('a', { upTo: MIB, ending: 'break' }), source('b')], { onBytes }))
    expect(told).toBe(BYTES.length)
  })
})

describe('a download goes on', () => {
  it('at the next source by Range, without a wait', async () => {
    const [first, second] = [source('a', { upTo: 250_000, ending: 'break' }), source('b')]
    const run = start([first, second])
    await expectWhole(run)
    expect([first.starts, second.starts, run.waits]).toEqual([[0], [250_000], []])
  })

  it.each<[string, Behaviour]>([
    ['breaks off', { upTo: 250_000, ending: 'break' }],
    ['ends too early', { upTo: 250_000 }],
    ['does not answer', { refuse: unreachable }],
    ['has no such blob', { ending: 'missing' }],
    ['refuses', { refuse: refused }],
    ['says another size', { bytes: BYTES.slice(1) }],
  ])('at the next source when one %s', async (_, behaviour) => {
    await expectWhole(start([source('a', behaviour), source('b')]))
  })

  it('at the same source after a wait when there is no other', async () => {
    let asked = 0
    const flaky: Source = {
      location: 'a',
      open: (at, signal) =>
        source('a', {
          upTo: at + 100_000,
          ending: ++asked < 4 ? 'break' : 'close',
          ...(asked >= 4 && { upTo: BYTES.length }),
        }).open(at, signal),
    }
    const run = start([flaky])
    await expectWhole(run)
    expect(run.waits).toEqual([375, 750, 1500])
  })

  it('for ever while each try brings a megabyte', async () => {
    const bytes = new Uint8Array(12 * MIB)
    const blob = { digest: digestOf(bytes), size: bytes.length, name: 'app' }
    const starts: number[] = []
    const slow: Source = {
      location: 'a',
      open(at, signal) {
        starts.push(at)
        return source('a', { bytes, upTo: at + MIB, ending: 'break' }).open(at, signal)
      },
    }
    await start([slow], { blob }).download.ended
    expect(starts).toHaveLength(12)
  })

  it('at the next source when one stalls', async () => {
    const runtime = createTestRuntime()
    const { signal: stop } = new AbortController()
    const spool = createMemorySpool()
    const sources = takeTurns([source('a', { upTo: 100_000, ending: 'hang' }), source('b')])
    const came = Promise.withResolvers<void>()
    const onBytes = () => came.resolve()
    const download = startDownload(runtime, BLOB, spool, { sources, stop, onBytes })
    await came.promise
    for (let second = 0; second < 2; second++) runtime.advance(30_000)
    await download.ended
    expect(Buffer.compare(await spool.read(0, BYTES.length), BYTES)).toBe(0)
  })
})

describe('a download fails', () => {
  const wrongBytes = BYTES.slice().fill(7, 2 * MIB)
  it.each<[string, Source[], code: string, message: string]>([
    [
      'when it breaks off again and again',
      [source('a', { ending: 'break', upTo: 0 }), source('b', { ending: 'break', upTo: 0 })],
      'UNREACHABLE',
      'of app from a and b broke off 6 times in a row; the last time: terminated',
    ],
    [
      'when nobody has it',
      [source('a', { ending: 'missing' }), source('b', { ending: 'missing' })],
      'CONTENT_INVALID',
      `b has no blob ${BLOB.digest} in app`,
    ],
    [
      'with the reason of the one that refuses',
      [source('a', { refuse: refused })],
      'ACCESS_DENIED',
      'not for you',
    ],
    [
      'when its bytes are others',
      [source('a', { bytes: wrongBytes })],
      'CONTENT_INVALID',
      `at a: its digest is ${digestOf(wrongBytes)}`,
    ],
    [
      'naming all that gave a part of what is wrong',
      [source('a', { upTo: MIB, ending: 'break' }), source('b', { bytes: wrongBytes })],
      'CONTENT_INVALID',
      'not what it should be at a and b: its digest',
    ],
    [
      'when it is a page of HTML',
      [source('a', { bytes: Buffer.from('<html>no</html>') })],
      'CONTENT_INVALID',
      'at a: it has 15 bytes; expected 3145728, and it is an HTML page',
    ],
    [
      'when bytes come from behind the end',
      [source('a', { start: 5 })],
      'CONTENT_INVALID',
      'come from 5 on, not from 0 on',
    ],
    ['when there is no source', [], 'UNREACHABLE', 'of app: there is nowhere to get it from'],
  ])('%s', async (_, sources, code, message) => {
    const { download } = start(sources)
    const error = { code, message: expect.stringContaining(message) }
    await expect(download.ended).rejects.toMatchObject(error)
    await expect(download.passed(BYTES.length)).rejects.toMatchObject(error)
    expect(download.failed).toBe(true)
  })

  it('when what an earlier process brought is too long, or other bytes', async () => {
    const long = start([source('a')], { spool: await spoolOf(new Uint8Array(BYTES.length + 1)) })
    await expect(long.download.ended).rejects.toThrow(
      'at what an earlier run had brought: it has 3145729 bytes',
    )
    const wrong = start([source('a')], { spool: await spoolOf(new Uint8Array(MIB)) })
    await expect(wrong.download.ended).rejects.toThrow('at what an earlier run had brought and a: its digest')
  })

  it('at once and as the spool does, which no other source would mend', async () => {
    const full = {
      ...createMemorySpool(),
      append: () => Promise.reject(new PortolanError('FILE_UNWRITABLE', 'full')),
    }
    const second = source('b')
    const { download } = start([source('a'), second], { spool: full })
    await expect(download.ended).rejects.toThrow('full')
    expect(second.starts).toEqual([])
  })

  it('with the reason for which it is stopped, in the middle of a body', async () => {
    const stop = new AbortController()
    const onBytes = () => stop.abort(new Error('enough'))
    const { download } = start([source('a', { upTo: MIB, ending: 'hang' })], { stop: stop.signal, onBytes })
    await expect(download.ended).rejects.toThrow('enough')
  })
})

describe('readers of a download', () => {
  async function read(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
    const pieces: Uint8Array[] = []
    for await (const piece of bytes) pieces.push(piece.slice())
    return Buffer.concat(pieces)
  }

  it('follow it, each from where it likes, at its own pace', async () => {
    const { download, spool } = start([source('a', { upTo: MIB + 7, ending: 'break' }), source('b')])
    const ranges = [
      [0, BYTES.length],
      [5, 2 * MIB],
      [BYTES.length - 1, BYTES.length],
      [7, 7],
    ] as const
    const reads = ranges.map(([from, end]) => read(follow(download, spool, { start: from, end })))
    for (const [index, bytes] of (await Promise.all(reads)).entries()) {
      expect(Buffer.compare(bytes, BYTES.subarray(...ranges[index]!))).toBe(0)
    }
  })

  it('see its error after what came', async () => {
    const { download, spool } = start([source('a', { upTo: MIB, ending: 'break' })], {
      breaks: 0,
    })
    await expect(read(follow(download, spool, { start: 0, end: BYTES.length }))).rejects.toMatchObject({
      code: 'UNREACHABLE',
    })
  })

  it('stop when they are told to, and it goes on', async () => {
    let goOn = () => {}
    const held: Source = {
      location: 'a',
      async open(at, signal) {
        await new Promise<void>((resolve) => {
          goOn = resolve
        })
        return source('a').open(at, signal)
      },
    }
    const run = start([held])
    const gone = new AbortController()
    const reading = read(follow(run.download, run.spool, { start: 0, end: 5, signal: gone.signal }))
    gone.abort(new Error('the client went away'))
    await expect(reading).rejects.toThrow('the client went away')
    goOn()
    await expectWhole(run)
  })
})

describe('a download that is hashed as it lies in the spool', () => {
  const run = (spool: Spool) =>
    startDownload(eagerRuntime().runtime, BLOB, spool, {
      ...{ sources: takeTurns([source('a')]), stop: new AbortController().signal, hash: 'lying' },
    }).ended

  it('is right when that is, also where it went on', async () => {
    await run(createMemorySpool())
    const spool = createMemorySpool()
    await spool.append(BYTES.slice(0, MIB))
    await run(spool)
    expect(await spool.read(0, BYTES.length)).toEqual(BYTES)
  })

  it('is wrong when a disk has made something else of it', async () => {
    const good = createMemorySpool()
    const spool: Spool = {
      ...good,
      get length() {
        return good.length
      },
      read: async (start, end) => {
        const bytes = (await good.read(start, end)).slice()
        if (start === MIB) bytes[17]! ^= 1
        return bytes
      },
    }
    await expect(run(spool)).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
  })
})
