import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { alterHeader, filesToTar, makeTar, type TarredFile } from '../../../test/support/tar.ts'
import { makeTempFolder, type TempFolder } from '../../../test/support/temp.ts'
import { tarHeader } from '../../internal/tar.ts'
import { OCI_CONFIG, OCI_LAYER_GZIP } from '../../oci/manifest.ts'
import type { Name, Tag } from '../../oci/name.ts'
import { ArchiveFiles } from './archive-files.ts'
import { LayoutWriter } from './layout-writer.ts'
import { readLayout } from './read-layout.ts'

const APP = 'team/app' as Name
const TYPE = 156
const LINK = 157
let folder: TempFolder
let layout: string
let files: TarredFile[]

beforeAll(async () => {
  folder = await makeTempFolder()
  layout = join(folder.path, 'layout')
  const writer = new LayoutWriter(layout)
  const config = await writer.addBlob(OCI_CONFIG, Buffer.from('{}'))
  const layer = await writer.addBlob(OCI_LAYER_GZIP, Buffer.alloc(3000, 7))
  writer.enter(await writer.addManifest(config, [layer]), 'registry.test/team/app:1.0')
  await writer.finish()
  files = await filesToTar(layout)
})
afterAll(() => folder[Symbol.asyncDispose]())

async function read(bytes: Uint8Array) {
  const file = join(folder.path, 'images.tar')
  await writeFile(file, bytes)
  return readFile(file)
}

/** What of the image can be had: its manifest, and how many bytes its blobs have. */
async function readFile(file: string) {
  const { repositories, warnings } = await readLayout(await ArchiveFiles.open(file), undefined)
  const app = repositories.get(APP)
  const manifest = await app?.manifest('1.0' as Tag)
  const { layers = [], config } = manifest ? JSON.parse(Buffer.from(manifest.bytes).toString()) : {}
  let bytes = 0
  for (const { digest } of [...layers, ...(config ? [config] : [])]) {
    const { body } = (await app!.blob(digest))!
    for await (const piece of body) bytes += piece.length
  }
  return { bytes, warnings: warnings.map(({ message }) => message) }
}

const whole = { bytes: 3002, warnings: [] }
const at = (path: string) => files.find((each) => each.path === path)!
const headerOf = (path: string, size: number) => tarHeader({ path, size })
const layerOf = () => files.find(({ bytes }) => bytes.length === 3000)!
const empty = new Uint8Array()

it.each(['gnu', 'pax', 'ustar', 'v7', 'oldgnu'])(
  'reads what GNU tar writes with --format=%s',
  async (format) => {
    const file = join(folder.path, `${format}.tar`)
    execFileSync('tar', ['-C', layout, `--format=${format}`, '-cf', file, '.'])
    expect(await readFile(file)).toEqual(whole)
  },
)

it('reads long names and global headers of either kind, and passes by what is no part of a layout', async () => {
  const [long, longLink] = ['L', 'K'].map((type) => alterHeader(headerOf('././@LongLink', 12), TYPE, type))
  const index = at('index.json')
  const others = files.filter((each) => each !== index)
  const link = alterHeader(alterHeader(headerOf('latest', 0), TYPE, '2'), LINK, '../../etc/passwd')
  const bytes = makeTar([
    {
      path: '',
      bytes: Buffer.from('16 comment=abcd\n'),
      header: alterHeader(headerOf('pax_global', 16), TYPE, 'g'),
    },
    { path: '', bytes: empty, header: link },
    { path: '../../outside', bytes: Buffer.from('outside') },
    { path: '', bytes: Buffer.from('somewhere/x\0'), header: longLink! },
    { path: '', bytes: Buffer.from('index.json\0\0'), header: long! },
    { path: 'cut off', bytes: index.bytes },
    ...others,
  ])
  expect(await read(bytes)).toEqual(whole)
})

it('reads a size of GNU’s base 256, and an archive without its end', async () => {
  const { path, bytes } = layerOf()
  const size = Buffer.alloc(12)
  size[0] = 0x80
  size.writeUInt32BE(bytes.length, 8)
  const header = alterHeader(headerOf(path, bytes.length), 124, size)
  const tar = makeTar(files.map((each) => (each.path === path ? { path, bytes, header } : each)))
  expect(await read(tar)).toEqual(whole)
  expect(await read(tar.subarray(0, -1024))).toEqual(whole)
})

it.each<[what: string, make: () => Uint8Array, message: RegExp]>([
  ['gzip', () => gzipSync(makeTar(files)), /it is compressed by gzip, .*gunzip images\.tar/],
  ['zstd', () => zstdCompressSync(makeTar(files)), /it is compressed by zstd, .*zstd -d images\.tar/],
  ['a text', () => Buffer.alloc(2000, 'text'), /is no tar archive/],
  ['nothing', () => empty, /it has no index\.json/],
  ['less than a header', () => makeTar(files).subarray(0, 100), /ends in the middle of a header/],
  [
    'what is cut off',
    () => makeTar([...files, layerOf()]).subarray(0, -2000),
    /ends in the middle of "blobs/,
  ],
  [
    'an archive without a list',
    () => makeTar(files.filter(({ path }) => path !== 'index.json')),
    /no index\.json/,
  ],
  [
    'what old dockers save',
    () => makeTar([{ path: 'manifest.json', bytes: Buffer.from('[]') }]),
    /docker save wrote before Docker 25/,
  ],
  [
    'a list that is a link',
    () =>
      makeTar([
        {
          path: '',
          bytes: empty,
          header: alterHeader(alterHeader(headerOf('index.json', 0), TYPE, '2'), LINK, '/etc/x'),
        },
        ...files,
      ]),
    /"index\.json" is no file in it: links are not followed/,
  ],
  [
    'a blob that is a hard link',
    () => {
      const { path } = layerOf()
      const header = alterHeader(alterHeader(headerOf(path, 0), TYPE, '1'), LINK, '/etc/shadow')
      return makeTar(files.map((each) => (each.path === path ? { path, bytes: empty, header } : each)))
    },
    /is no file in it: links are not followed/,
  ],
  ['two lists', () => makeTar([...files, at('index.json')]), /"index\.json" is in it twice/],
  [
    'two blobs of one name and different length',
    () => makeTar([...files, { path: layerOf().path, bytes: Buffer.alloc(9) }]),
    /is in it twice/,
  ],
  [
    'a size that leads out of it',
    () =>
      makeTar([
        ...files.slice(1),
        { path: '', bytes: empty, header: headerOf('blobs/sha256/aa', 8 ** 11 - 1) },
      ]),
    /ends in the middle of "blobs/,
  ],
  [
    'a size of pax that is none',
    () => {
      const record = Buffer.from('11 size=-5\n')
      const header = alterHeader(headerOf('x', record.length), TYPE, 'x')
      return makeTar([{ path: '', bytes: record, header }, ...files])
    },
    /whose size cannot be read/,
  ],
  [
    'a size below nothing',
    () =>
      makeTar([
        { path: '', bytes: empty, header: alterHeader(headerOf('x', 0), 124, '-0000000007\0') },
        ...files,
      ]),
    /whose size cannot be read/,
  ],
  [
    'a header of headers that is too large',
    () => {
      const record = Buffer.alloc(64 * 1024 + 1, 'x')
      return makeTar([
        { path: '', bytes: record, header: alterHeader(headerOf('x', record.length), TYPE, 'x') },
        ...files,
      ])
    },
    /an extended header has 65537 bytes/,
  ],
])('refuses %s', async (_, make, message) => {
  await expect(read(make())).rejects.toThrow(message)
})

it('finds altered content by its digest, and one of another length by its descriptor', async () => {
  const { path } = layerOf()
  const changed = (bytes: Uint8Array) =>
    makeTar(files.map((each) => (each.path === path ? { path, bytes } : each)))
  await expect(read(changed(Buffer.alloc(2999, 7)))).rejects.toThrow(/has 2999 bytes; expected 3000/)
  const manifest = files.find(
    ({ path: each, bytes }) => each.startsWith('blobs/') && Buffer.from(bytes).includes('layers'),
  )!
  const altered = {
    ...manifest,
    bytes: Buffer.from(Buffer.from(manifest.bytes).toString().replace('2', '3')),
  }
  const { warnings } = await read(makeTar(files.map((each) => (each === manifest ? altered : each))))
  expect(warnings[0]).toMatch(/blobs\/sha256\/[0-9a-f]+ in .*images\.tar was altered/)
})
