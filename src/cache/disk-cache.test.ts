import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noiseOf, sha256Of, steppedSource, wantedOf } from '../../test/support/blob-sources.ts'
import { makeTempFolder, type TempFolder } from '../../test/support/temp.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { until } from '../../test/support/until.ts'
import { systemClock } from '../adapters/clock.ts'
import { cacheFolder } from '../storage/fs/cache-folder.ts'
import { takeTurns } from '../transfer/source.ts'
import type { Fill } from './content-cache.ts'
import type { ManagedCache } from './managed-cache.ts'
import { openContentCache } from './open-content-cache.ts'

const MIB = 1024 * 1024
const never = new AbortController().signal
const REPOSITORY = { registry: 'registry.test', name: 'app' }

let folder: TempFolder
let cache: ManagedCache

beforeEach(async () => {
  folder = await makeTempFolder()
  cache = await open()
})
afterEach(async () => {
  await cache[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

function open(size = 64 * MIB): Promise<ManagedCache> {
  const runtime = createTestRuntime(systemClock)
  return openContentCache(runtime, { size }, cacheFolder(folder.path, { runtime }))
}

/** Ends the cache and opens it again, as the next process would. */
async function reopen(size?: number): Promise<void> {
  await cache[Symbol.asyncDispose]()
  cache = await open(size)
}

async function bytesOf(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const part of parts) chunks.push(Buffer.from(part))
  return Buffer.concat(chunks)
}

function readAll(fill: Fill, start: number, end: number): Promise<Buffer> {
  return bytesOf(fill.read({ start, end, signal: never }))
}

async function fileOf(digest: string): Promise<string> {
  const hex = digest.slice('sha256:'.length)
  return join(folder.path, 'blobs/sha256', hex.slice(0, 2), hex)
}

describe('what a cache keeps', () => {
  const bytes = noiseOf(5000, 1)
  const digest = sha256Of(bytes)

  it('is there at once, and for the next process', async () => {
    expect(cache.stat(digest)).toBeUndefined()
    expect(await cache.put(digest, bytes)).toBe(true)
    for (const look of [async () => {}, reopen]) {
      await look()
      expect(cache.stat(digest)).toMatchObject({ size: 5000 })
      expect(Buffer.from((await cache.read(digest))!)).toEqual(Buffer.from(bytes))
      const held = await cache.open(digest)
      expect(held!.size).toBe(5000)
      held!.close()
      held!.close()
    }
  })

  it('is dropped when it is not what it was, or not there any more', async () => {
    await cache.put(digest, bytes)
    await writeFile(await fileOf(digest), noiseOf(5000, 2))
    expect(await cache.read(digest)).toBeUndefined()
    expect(cache.stat(digest)).toBeUndefined()

    await cache.put(digest, bytes)
    await rm(await fileOf(digest))
    expect(await cache.open(digest)).toBeUndefined()
    expect(cache.stat(digest)).toBeUndefined()
    expect(cache.status().used).toBe(0)
  })

  it('keeps to a smaller size from the start, and leaves alone what is none of its own', async () => {
    for (let seed = 10; seed < 14; seed++) {
      const large = noiseOf(2 * MIB, seed)
      await cache.put(sha256Of(large), large)
    }
    await cache[Symbol.asyncDispose]()
    const strangers = ['blobs/sha256/ab/notes.txt', 'blobs/README', 'partial/lost+found/x', 'blobs/sha256/cd']
    for (const path of strangers) {
      await mkdir(join(folder.path, path, '..'), { recursive: true })
      await writeFile(join(folder.path, path), 'x')
    }
    await writeFile(join(folder.path, 'partial/12.x.draft'), 'x')
    cache = await open(5 * MIB)
    await until('what is too much to go', () => cache.status().used <= 5 * MIB)
    expect(cache.status()).toMatchObject({ contents: { count: 2 }, used: 4 * MIB })
    for (const path of strangers) expect(await readFile(join(folder.path, path), 'utf8')).toBe('x')
    expect(await readdir(join(folder.path, 'partial'))).toEqual(['lost+found'])
  })

  it('is used by one process alone, which the next one names', async () => {
    await expect(open()).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      message: expect.stringContaining(`is in use by process ${process.pid}`),
    })
  })
})

describe('a fill', () => {
  const bytes = noiseOf(4 * MIB + 10, 3)
  const blob = wantedOf(bytes)

  it('is one for all who ask, is read while it goes on, and is kept', async () => {
    const source = steppedSource(bytes, { allowed: 100_000 })
    const fill = cache.fill(blob, takeTurns([source]))!
    expect(cache.fill(blob, takeTurns([source]))).toBe(fill)
    expect(cache.filling(blob.digest)).toBe(fill)
    expect(await fill.size).toBe(bytes.length)
    // What is there is given, though a larger piece could be gathered.
    const first = await readAll(fill, 10, 100_000)
    expect(first.equals(bytes.subarray(10, 100_000))).toBe(true)
    const whole = readAll(fill, 0, bytes.length)
    source.allow(bytes.length)
    expect((await whole).equals(bytes)).toBe(true)
    await fill.ended
    expect(source.starts).toEqual([0])
    expect(cache.stat(blob.digest)).toMatchObject({ size: bytes.length })
    expect((await readAll(fill, 5, 50)).equals(bytes.subarray(5, 50))).toBe(true)
  })

  it('gives the last of a blob to nobody before all of it is right', async () => {
    const wrong = bytes.slice()
    wrong[0]! ^= 1
    const fill = cache.fill(blob, takeTurns([steppedSource(wrong)]))!
    const got: number[] = []
    await expect(async () => {
      for await (const part of fill.read({ start: 0, end: bytes.length, signal: never }))
        got.push(part.length)
    }).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
    await expect(fill.ended).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
    expect(got.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(bytes.length - MIB)
    expect(cache.stat(blob.digest)).toBeUndefined()
  })

  it('goes on when its readers have left', async () => {
    const source = steppedSource(bytes, { allowed: 2 * MIB })
    const fill = cache.fill(blob, takeTurns([source]))!
    for await (const _ of fill.read({ start: 0, end: bytes.length, signal: never })) break
    source.allow(bytes.length)
    await fill.ended
    expect((await cache.read(blob.digest))?.length).toBe(bytes.length)
  })

  it('goes on where an earlier process was', async () => {
    const first = steppedSource(bytes, { allowed: 2 * MIB })
    const fill = cache.fill(blob, takeTurns([first]))!
    await readAll(fill, 0, 2 * MIB)
    await reopen()
    await expect(fill.ended).rejects.toMatchObject({ code: 'UNREACHABLE' })
    expect(cache.status().partials.bytes).toBe(2 * MIB)
    const second = steppedSource(bytes)
    await cache.fill(blob, takeTurns([second]))!.ended
    expect(second.starts).toEqual([2 * MIB])
    expect((await cache.read(blob.digest))?.length).toBe(bytes.length)
    expect(cache.status()).toMatchObject({ partials: { bytes: 0 }, contents: { count: 1 } })
  })

  it.each([
    ['other bytes than were brought', (partial: Buffer) => partial.fill(0, 1000, 2000)],
    ['more bytes than the blob has', () => noiseOf(5 * MIB, 4)],
  ])('whose download was left with %s begins anew after that was noticed', async (_, change) => {
    const first = cache.fill(blob, takeTurns([steppedSource(bytes, { allowed: 2 * MIB })]))!
    await readAll(first, 0, 2 * MIB)
    await cache[Symbol.asyncDispose]()
    const [name] = await readdir(join(folder.path, 'partial'))
    const file = join(folder.path, 'partial', name!)
    await writeFile(file, change(await readFile(file)))
    cache = await open()
    const second = cache.fill(blob, takeTurns([steppedSource(bytes)]))!
    await expect(second.ended).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
    const third = steppedSource(bytes)
    await cache.fill(blob, takeTurns([third]))!.ended
    expect(third.starts).toEqual([0])
    expect((await cache.read(blob.digest))?.length).toBe(bytes.length)
  })

  it('that nobody went on with for a day is removed', async () => {
    const fill = cache.fill(blob, takeTurns([steppedSource(bytes, { allowed: 2 * MIB })]))!
    await readAll(fill, 0, 2 * MIB)
    await cache[Symbol.asyncDispose]()
    const [name] = await readdir(join(folder.path, 'partial'))
    const old = (createTestRuntime().date().getTime() - 25 * 3_600_000) / 1000
    await utimes(join(folder.path, 'partial', name!), old, old)
    cache = await open()
    await until('it to be removed', async () => (await readdir(join(folder.path, 'partial'))).length === 0)
    expect(cache.status().used).toBe(0)
  })

  it('larger than the cache is not begun', async () => {
    await reopen(4 * MIB)
    expect(cache.fill(blob, takeTurns([steppedSource(bytes)]))).toBeUndefined()
  })
})

describe('what is recorded', () => {
  const digest = sha256Of(noiseOf(10, 9))
  const tag = { ...REPOSITORY, kind: 'tag', of: '1.0' } as const
  const answer = { digest, mediaType: 'application/vnd.oci.image.index.v1+json', confirmed: 5, etag: '"x"' }

  it('is there for the next process, whatever else stands in its file', async () => {
    cache.records.setAnswer(tag, answer)
    cache.records.setLinks(REPOSITORY, new Map([[digest, { size: 10 }]]))
    await reopen()
    expect(cache.records.answer(tag)).toEqual(answer)
    expect(cache.records.link(REPOSITORY, digest)).toEqual({ size: 10 })
    expect([...cache.records.answers(REPOSITORY, 'tag')]).toEqual([['1.0', answer]])
    expect(cache.records.answer({ ...tag, registry: 'other.test' })).toBeUndefined()
    await cache[Symbol.asyncDispose]()
    const journal = (await readdir(folder.path)).find((name) => name.startsWith('records'))!
    const text = await readFile(join(folder.path, journal))
    const torn = Buffer.concat([Buffer.from([0xff, 0, 0x0a]), text, Buffer.from('{"question":{"reg')])
    await writeFile(join(folder.path, journal), torn)
    cache = await open()
    expect(cache.records.answer(tag)).toEqual(answer)
    cache.records.setAnswer(tag, undefined)
    await reopen()
    expect(cache.records.answer(tag)).toBeUndefined()
  })
})
