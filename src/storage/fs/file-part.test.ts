import { readSync } from 'node:fs'
import { mkdtemp, readdir, readlink, rm, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { openFilePart } from './file-part.ts'

const BYTES = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251))
let folder: string
let path: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-'))
  path = join(folder, 'blob')
})
beforeEach(() => writeFile(path, BYTES))
afterAll(() => rm(folder, { recursive: true }))

const open = async (start = 0, end = BYTES.length) =>
  (await openFilePart(path, { size: BYTES.length, start, end }))!

test('can be read by its descriptor, after the file was deleted too', async () => {
  const part = await open(10, 200)
  await unlink(path)
  const bytes = Buffer.alloc(part.end - part.start)
  expect(readSync(part.descriptor, bytes, 0, bytes.length, part.start)).toBe(190)
  expect(bytes.equals(BYTES.subarray(10, 200))).toBe(true)
  part.close()
})

test('closes once, by whichever way', async () => {
  const closed = await open()
  closed.close()
  closed.close()
  const read = await open(5, 250_000)
  expect(BYTES.subarray(5, 250_000).equals(await new Response(read.stream()).bytes())).toBe(true)
  read.close()
  await (await open()).stream().cancel()
  await until('the files to be closed', async () => (await openCount()) === 0)
})

test('closes no file that is just being read: its number could be that of another', async () => {
  const part = await open()
  const reader = part.stream().getReader()
  const pending = reader.read()
  await reader.cancel()
  expect((await pending).done).toBe(true)
  await until('the file to be closed', async () => (await openCount()) === 0)
})

test('breaks when the file has shrunk meanwhile', async () => {
  const reader = (await open()).stream().getReader()
  expect((await reader.read()).value).toHaveLength(131_072)
  await truncate(path, 131_072)
  await expect(reader.read()).rejects.toThrow('a file ends 168928 bytes before')
  await until('the file to be closed', async () => (await openCount()) === 0)
})

test.each([
  ['another size', 'blob', 299_999, 'CONTENT_INVALID'],
  ['a folder', '.', 4096, 'FILE_UNREADABLE'],
])('refuses %s before a byte is promised', async (_, name, size, code) => {
  const part = openFilePart(join(folder, name), { size, start: 0, end: 1 })
  await expect(part).rejects.toMatchObject({ code })
})

test('gives nothing where there is no file', async () => {
  expect(await openFilePart(join(folder, 'absent'), { size: 1, start: 0, end: 1 })).toBeUndefined()
})

/** How often this process has the file open, where the system tells. */
async function openCount(): Promise<number> {
  if (process.platform !== 'linux') return 0
  const descriptors = await readdir('/proc/self/fd')
  const targets = await Promise.all(
    descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => undefined)),
  )
  return targets.filter((target) => target?.startsWith(path)).length
}
