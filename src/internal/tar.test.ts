import { expect, it } from 'vitest'
import { readPax, readTarBlock, TAR_BLOCK, TAR_END, tarHeader } from './tar.ts'

const GIB = 1024 ** 3

const bytesOf = (text: string) => new TextEncoder().encode(text)

function readBack(bytes: Uint8Array) {
  const first = readTarBlock(bytes.subarray(0, TAR_BLOCK), 'a test')
  if (first.kind !== 'pax') return first
  const extended = readPax(bytes.subarray(TAR_BLOCK, TAR_BLOCK + first.size), 'a test')
  return { ...readTarBlock(bytes.subarray(-TAR_BLOCK), 'a test'), ...extended }
}

it.each([
  ['a short name', { path: 'index.json', size: 17 }, 1],
  ['nothing in it', { path: 'oci-layout', size: 0 }, 1],
  ['a name of 100 bytes', { path: 'a'.repeat(100), size: 1 }, 1],
  ['a name of 101 bytes', { path: 'a'.repeat(101), size: 1 }, 3],
  ['sha512', { path: `blobs/sha512/${'0'.repeat(128)}`, size: 5 }, 3],
  ['a byte less than 8 GiB', { path: 'blobs/x', size: 8 * GIB - 1 }, 1],
  ['8 GiB', { path: 'blobs/x', size: 8 * GIB }, 3],
  ['both', { path: `blobs/sha512/${'f'.repeat(128)}`, size: 20 * GIB }, 3],
])('says of %s what it is, in whole blocks', (_, entry, blocks) => {
  const header = tarHeader(entry)
  expect(header.length).toBe(blocks * TAR_BLOCK)
  expect(readBack(header)).toEqual({ kind: 'file', ...entry })
})

it('reads the end, and refuses what is no header or no file', () => {
  expect(readTarBlock(TAR_END.subarray(0, TAR_BLOCK), 'a test')).toEqual({ kind: 'end' })
  const altered = tarHeader({ path: 'index.json', size: 17 })
  altered[0]!++
  expect(() => readTarBlock(altered, 'part 7')).toThrow(/part 7 is no tar archive/)
  expect(readPax(bytesOf('12 mtime=17\n15 path=a\nb=ü\n12 size=123\n'), 'part 7')).toEqual({
    path: 'a\nb=ü',
    size: 123,
  })
  for (const text of [
    '12 mtime=17',
    '9 path=a',
    '0 path=a\n',
    '99999 a=b\n',
    'path=a\n',
    '12 size=-1x\n',
    '12 size=1e3\n',
  ])
    expect(() => readPax(bytesOf(text), 'part 7'), text).toThrow(/part 7 has an e/)
})
