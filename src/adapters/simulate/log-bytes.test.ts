import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeTempFolder, type TempFolder } from '../../../test/support/temp.ts'
import { readLogBytes } from './log-bytes.ts'

let folder: TempFolder
beforeAll(async () => {
  folder = await makeTempFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

async function readBack(content: Uint8Array): Promise<string> {
  const file = join(folder.path, 'log')
  await writeFile(file, content)
  let packed = 0
  const pieces: Uint8Array[] = []
  for await (const piece of readLogBytes(file, (count) => {
    packed += count
  }))
    pieces.push(piece)
  expect(packed).toBe(content.length)
  return Buffer.concat(pieces).toString()
}

const LINES = Array.from({ length: 30_000 }, (_, index) => `line ${index * 7919}\n`).join('')
const HALF = LINES.length / 2
const checked = { params: { [constants.ZSTD_c_checksumFlag]: 1 } }
/** 16 bytes for other tools, which mean nothing. */
const SKIPPABLE = Buffer.concat([Buffer.from([0x53, 0x2a, 0x4d, 0x18, 16, 0, 0, 0]), Buffer.alloc(16)])

it.each<[title: string, content: Uint8Array]>([
  ['as it is', Buffer.from(LINES)],
  ['in gzip', gzipSync(LINES)],
  ['in two members of gzip', Buffer.concat([gzipSync(LINES.slice(0, HALF)), gzipSync(LINES.slice(HALF))])],
  ['in zstd', zstdCompressSync(LINES)],
  [
    'in many frames of zstd, some with checksums, one with nothing, and one to be passed over',
    Buffer.concat([
      zstdCompressSync(LINES.slice(0, HALF), checked),
      SKIPPABLE,
      zstdCompressSync(''),
      zstdCompressSync(LINES.slice(HALF)),
    ]),
  ],
])('a log %s', async (_, content) => {
  expect((await readBack(content)) === LINES).toBe(true)
})

it('a log of one letter, and of none', async () => {
  expect(await readBack(Buffer.from('x'))).toBe('x')
  expect(await readBack(Buffer.from(''))).toBe('')
  // A block that says a letter and how often it stands there.
  const zeros = zstdCompressSync(Buffer.alloc(1_000_000, 'x'))
  expect((await readBack(Buffer.concat([zeros, zeros]))).length).toBe(2_000_000)
})

it.each<[title: string, content: Uint8Array, why: RegExp]>([
  ['gzip that ends early', gzipSync(LINES).subarray(0, 5000), /unexpected end of file/],
  ['zstd that ends early', zstdCompressSync(LINES).subarray(0, 5000), /unexpected end of file/],
  [
    'zstd that ends between its blocks',
    zstdCompressSync(LINES, checked).subarray(0, -4),
    /unexpected end of file/,
  ],
  [
    'zstd that is followed by something else',
    Buffer.concat([zstdCompressSync('a'), Buffer.from('plain text')]),
    /what follows a frame of zstd is none/,
  ],
  [
    'zstd of nonsense',
    Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), Buffer.alloc(50, 0xff)]),
    /cannot read .*log: /,
  ],
])('%s is told, and not taken for a short log', async (_, content, why) => {
  await expect(readBack(content)).rejects.toThrow(why)
})

it('Bun reads what Node reads', async () => {
  const file = join(folder.path, 'log.zst')
  await writeFile(file, Buffer.concat([zstdCompressSync('one\n'), zstdCompressSync('two\n')]))
  const module = join(import.meta.dirname, 'log-bytes.ts')
  const code = `const { readLogBytes } = await import(${JSON.stringify(module)}); for await (const piece of readLogBytes(${JSON.stringify(file)}, () => {})) process.stdout.write(piece)`
  const bun = join(import.meta.dirname, '../../../node_modules/.bin/bun')
  expect(execFileSync(bun, ['-e', code], { encoding: 'utf8' })).toBe('one\ntwo\n')
})
