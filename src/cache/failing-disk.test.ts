import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noiseOf, sha256Of, steppedSource, wantedOf } from '../../test/support/blob-sources.ts'
import { makeTempFolder, type TempFolder } from '../../test/support/temp.ts'
import { createTestRuntime, type TestRuntime } from '../../test/support/test-runtime.ts'
import { until } from '../../test/support/until.ts'
import { systemClock } from '../adapters/clock.ts'
import { PortolanError } from '../errors.ts'
import { cacheFolder } from '../storage/fs/cache-folder.ts'
import { takeTurns } from '../transfer/source.ts'
import type { CacheDisk, CacheVolume } from './disk.ts'
import type { CacheEvent } from './events.ts'
import type { ManagedCache } from './managed-cache.ts'
import { openContentCache } from './open-content-cache.ts'

const MIB = 1024 * 1024
const REPOSITORY = { registry: 'registry.test', name: 'app' }
const BYTES = noiseOf(3 * MIB, 1)
const BLOB = wantedOf(BYTES)
const SMALL = noiseOf(100, 2)
const DIGEST = sha256Of(SMALL)

type Operation = 'mount' | 'append' | keyof CacheVolume

let folder: TempFolder
let runtime: TestRuntime
let cache: ManagedCache
let events: CacheEvent[]
/** What fails now, with which code. */
let failing: Map<Operation, string>
let loss: AbortController
/** Settles when it is clear whether somebody has the disk. */
let watched: Promise<void> | undefined

beforeEach(async () => {
  folder = await makeTempFolder()
  runtime = createTestRuntime()
  failing = new Map()
  watched = undefined
  await open()
})
afterEach(async () => {
  await cache[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

async function open(): Promise<void> {
  cache = await openContentCache(runtime, { size: 64 * MIB }, failingDisk())
  events = []
  cache.events.add((event) => events.push(event))
}

/** A folder whose operations fail when the test says so. */
function failingDisk(): CacheDisk {
  // Its lease lives by the time that disks take, not by that of the test.
  const inner = cacheFolder(folder.path, { runtime: createTestRuntime(systemClock) })
  const check = (operation: Operation) => {
    const reason = failing.get(operation)
    if (reason === undefined) return
    const code = operation === 'open' ? 'FILE_UNREADABLE' : 'FILE_UNWRITABLE'
    throw new PortolanError(code, `${operation}: ${reason}`, { reason })
  }
  const failingAt =
    <Args extends unknown[], T>(operation: Operation, work: (...args: Args) => Promise<T>) =>
    async (...args: Args) => {
      check(operation)
      return work(...args)
    }
  return {
    location: inner.location,
    async mount(records, onWait) {
      check('mount')
      if (watched !== undefined) {
        onWait('it was in use')
        await watched
      }
      const volume = await inner.mount(records, onWait)
      loss = new AbortController()
      return {
        ...volume,
        lost: AbortSignal.any([loss.signal, volume.lost]),
        probe: failingAt('probe', volume.probe),
        partial: async (digest) => {
          check('partial')
          const spool = await volume.partial(digest)
          const append = failingAt('append', spool.append)
          return {
            get length() {
              return spool.length
            },
            ...{ append, read: spool.read, clear: spool.clear, close: spool.close, remove: spool.remove },
          }
        },
        commit: failingAt('commit', volume.commit),
        write: failingAt('write', volume.write),
        open: failingAt('open', volume.open),
        remove: failingAt('remove', volume.remove),
        record: failingAt('record', volume.record),
      }
    },
  }
}

const trouble = () => cache.status().trouble?.reason
const recovered = () =>
  until('recovery', () => {
    runtime.advance(60_000)
    return trouble() === undefined
  })

async function read(fill: NonNullable<ReturnType<ManagedCache['fill']>>): Promise<number> {
  let length = 0
  const part = { start: 0, end: BYTES.length, signal: new AbortController().signal }
  for await (const piece of fill.read(part)) {
    expect(Buffer.from(piece).equals(BYTES.subarray(length, length + piece.length))).toBe(true)
    length += piece.length
  }
  return length
}

describe('a disk that fails', () => {
  it('under a fill leaves its readers to go on elsewhere, and nothing is begun until it can be', async () => {
    const source = steppedSource(BYTES, { allowed: 2 * MIB })
    const fill = cache.fill(BLOB, takeTurns([source]))!
    const reading = read(fill)
    await until('some of it', () => fill.position > 0)
    failing.set('append', 'EIO').set('probe', 'EIO')
    source.allow(BYTES.length)
    await expect(reading).rejects.toMatchObject({ code: 'FILE_UNWRITABLE', facts: { reason: 'EIO' } })
    await expect(fill.ended).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
    expect(trouble()).toBe('EIO')
    expect(cache.fill(BLOB, takeTurns([source]))).toBeUndefined()
    expect(await cache.put(DIGEST, SMALL)).toBe(false)
    failing.clear()
    await recovered()
    await cache.fill(BLOB, takeTurns([source]))!.ended
    expect(events.filter(({ kind }) => kind === 'trouble')).toHaveLength(2)
    expect(cache.status()).toMatchObject({ partials: { bytes: 0 }, contents: { count: 1 } })
  })

  it('when a blob is to be kept leaves those who read it the end of it: it is right', async () => {
    failing.set('commit', 'ENOSPC').set('probe', 'ENOSPC')
    const fill = cache.fill(BLOB, takeTurns([steppedSource(BYTES)]))!
    const reading = read(fill)
    await expect(fill.ended).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
    expect(await reading).toBe(BYTES.length)
    expect(cache.stat(BLOB.digest)).toBeUndefined()
    await until('its place to be free', () => cache.status().used === 0)
  })

  it('at a content is no trouble of the disk, and the content is gone, unless the process has too many files', async () => {
    await cache.put(DIGEST, SMALL)
    failing.set('open', 'EMFILE')
    expect(await cache.open(DIGEST)).toBeUndefined()
    expect(cache.stat(DIGEST)).toBeDefined()
    cache.setPinned(new Set([DIGEST]))
    failing.set('open', 'EIO')
    expect(await cache.open(DIGEST)).toBeUndefined()
    expect(cache.stat(DIGEST)).toBeUndefined()
    expect(trouble()).toBeUndefined()
    expect(events.at(-1)).toMatchObject({ kind: 'lost', digest: DIGEST, pinned: true })
  })

  it('and cannot remove what cannot be read keeps it in mind', async () => {
    await cache.put(DIGEST, SMALL)
    failing.set('open', 'EIO').set('remove', 'EROFS').set('probe', 'EROFS')
    expect(await cache.open(DIGEST)).toBeUndefined()
    expect([trouble(), cache.status().contents.count]).toEqual(['EROFS', 1])
    failing.clear()
    expect((await cache.read(DIGEST))?.length).toBe(SMALL.length)
  })

  it('keeps what was recorded meanwhile once it can', async () => {
    const tag = { ...REPOSITORY, kind: 'tag', of: '1' } as const
    const answer = { digest: DIGEST, mediaType: 'x/y', confirmed: 1 }
    cache.records.setAnswer({ ...tag, of: '0' }, answer)
    failing.set('record', 'ENOSPC').set('probe', 'ENOSPC')
    cache.records.setAnswer(tag, answer)
    await until('trouble', () => trouble() === 'ENOSPC')
    cache.records.setAnswer({ ...tag, of: '2' }, answer)
    cache.records.setAnswer({ ...tag, of: '0' }, undefined)
    failing.clear()
    await recovered()
    await cache[Symbol.asyncDispose]()
    await open()
    expect([...cache.records.answers(REPOSITORY, 'tag')].map(([of]) => of)).toEqual(['1', '2'])
  })

  it('at the start is taken once it can be, with all that is on it', async () => {
    await cache.put(DIGEST, SMALL)
    cache.records.setLinks(REPOSITORY, new Map([[DIGEST, { size: 100 }]]))
    await cache[Symbol.asyncDispose]()
    failing.set('mount', 'EACCES')
    await open()
    expect([trouble(), cache.stat(DIGEST), await cache.read(DIGEST)]).toEqual([
      'EACCES',
      undefined,
      undefined,
    ])
    failing.clear()
    await recovered()
    expect((await cache.read(DIGEST))?.length).toBe(SMALL.length)
    expect(cache.records.link(REPOSITORY, DIGEST)).toEqual({ size: 100 })
  })
})

it.each([[undefined], [new PortolanError('FILE_UNWRITABLE', 'in use by process 1', { holder: { pid: 1 } })]])(
  'a mirror whose folder may be in use serves without it until that is clear: %j',
  async (found) => {
    await cache.put(DIGEST, SMALL)
    await cache[Symbol.asyncDispose]()
    const clear = Promise.withResolvers<void>()
    watched = clear.promise
    await open()
    expect([trouble(), await cache.read(DIGEST), await cache.put(DIGEST, SMALL)]).toEqual([
      'waiting',
      undefined,
      false,
    ])
    if (found === undefined) clear.resolve()
    else clear.reject(found)
    await until('an end of waiting', () => trouble() !== 'waiting')
    watched = undefined
    expect(trouble()).toBe(found && 'held')
    if (found !== undefined) await recovered()
    expect((await cache.read(DIGEST))?.length).toBe(SMALL.length)
  },
)

it('a mirror that has lost its folder to nobody takes it again, and goes on with what it had', async () => {
  await cache.put(DIGEST, SMALL)
  const source = steppedSource(BYTES, { allowed: 2 * MIB })
  const fill = cache.fill(BLOB, takeTurns([source]))!
  void read(fill).catch(() => {})
  await until('some of it', () => fill.position > 0)
  loss.abort(new PortolanError('LEASE_LOST', 'its heartbeat could not be written in time'))
  expect(trouble()).toBe('lost')
  expect((await cache.read(DIGEST))?.length).toBe(SMALL.length)
  await recovered()
  await expect(fill.ended).rejects.toMatchObject({ code: 'UNREACHABLE' })
  expect((await cache.read(DIGEST))?.length).toBe(SMALL.length)
  const again = steppedSource(BYTES)
  await cache.fill(BLOB, takeTurns([again]))!.ended
  expect(again.starts[0]).toBeGreaterThan(0)
})
