import { mkdtemp, readdir, readlink, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FileRange, openFileRange } from './file-range.ts'

const BYTES = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251))
const WHOLE = { size: BYTES.length, start: 0, end: BYTES.length }
let folder: string
let path: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-'))
  path = join(folder, 'blob')
})
beforeEach(() => writeFile(path, BYTES))
afterAll(() => rm(folder, { recursive: true }))

const open = async (range: Partial<FileRange> = {}) => (await openFileRange(path, { ...WHOLE, ...range }))!

const read = (stream: ReadableStream<Uint8Array>) => new Response(stream).bytes()

test.each([
  [0, 300_000],
  [0, 0],
  [300_000, 300_000],
  [0, 1],
  [131_071, 131_073],
  [131_072, 262_144],
  [299_999, 300_000],
])('gives the bytes from %i up to %i', async (start, end) => {
  const bytes = await read(await open({ start, end }))
  expect(BYTES.subarray(start, end).equals(bytes)).toBe(true)
})

test('lends what it has read ahead: a piece is what it was until the next one is read', async () => {
  const large = Buffer.concat(Array(11).fill(BYTES))
  await writeFile(path, large)
  const reader = (await open({ size: large.length, end: large.length, lend: true })).getReader()
  const sizes: number[] = []
  for (let at = 0; ; ) {
    const { done, value } = await reader.read()
    if (done) break
    // As long as reading ahead takes, and longer.
    await stat(path)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(large.subarray(at, at + value.length).equals(value)).toBe(true)
    at += value.length
    sizes.push(value.length)
  }
  expect(sizes).toEqual([1_048_576, 1_048_576, 1_048_576, large.length - 3 * 1_048_576])
  expect(await openCount()).toBe(0)
})

test('closes a file that is read ahead when the client goes away, and when it shrinks', async () => {
  const large = { size: 3_300_000, end: 3_300_000, lend: true }
  await truncate(path, large.size)
  const gone = (await open(large)).getReader()
  await gone.read()
  await gone.cancel()
  const broken = (await open(large)).getReader()
  await broken.read()
  await broken.read()
  await truncate(path, 0)
  await expect(
    (async () => {
      for (;;) if ((await broken.read()).done) return
    })(),
  ).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
  expect(await openCount()).toBe(0)
})

test.each([
  ['another size', 'blob', 299_999, 'CONTENT_INVALID'],
  ['a folder', '.', 4096, 'FILE_UNREADABLE'],
])('refuses %s before a byte is promised', async (_, name, size, code) => {
  await expect(openFileRange(join(folder, name), { size, start: 0, end: 1 })).rejects.toMatchObject({ code })
})

test('gives nothing where there is no file', async () => {
  expect(await openFileRange(join(folder, 'absent'), WHOLE)).toBeUndefined()
})

test('reads no further than it is read, and breaks when the file has shrunk meanwhile', async () => {
  const reader = (await open()).getReader()
  expect((await reader.read()).value).toHaveLength(131_072)
  await truncate(path, 131_072)
  await expect(reader.read()).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
  expect(await openCount()).toBe(0)
})

test('closes the file at the end', async () => {
  await read(await open())
  expect(await openCount()).toBe(0)
})

test('closes the file when the client goes away, before, between and during reads', async () => {
  await (await open()).cancel()
  const between = (await open()).getReader()
  await between.read()
  await between.cancel()
  const during = (await open()).getReader()
  const pending = during.read()
  await during.cancel()
  expect((await pending).done).toBe(true)
  expect(await openCount()).toBe(0)
})

test('breaks, and closes the file, when it is to stop', async () => {
  const stop = new AbortController()
  const reader = (await open({ signal: stop.signal })).getReader()
  await reader.read()
  stop.abort(new Error('enough'))
  await expect(reader.read()).rejects.toThrow('enough')
  expect(await openCount()).toBe(0)
})

/** How often this process has the file open, where the system tells. */
async function openCount(): Promise<number> {
  if (process.platform !== 'linux') return 0
  const descriptors = await readdir('/proc/self/fd')
  const targets = await Promise.all(
    descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => undefined)),
  )
  return targets.filter((target) => target === path).length
}
