import { expect, it } from 'vitest'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import { ContentReader } from './content-reader.ts'

const BYTES = Uint8Array.from({ length: 10 }, (_, n) => n)

function readerOf(pieceLength: number) {
  const runtime = createTestRuntime()
  const wanted: [string, number][] = []
  const reader = new ContentReader((content, offset) => void wanted.push([content, offset]), runtime)
  /** Answers the last question. */
  const give = (whole: Uint8Array) => {
    const [content, offset] = wanted.at(-1)!
    const bytes = whole.slice(offset, offset + pieceLength)
    reader.take({ kind: 'piece', content, offset, total: whole.length, bytes })
  }
  return { runtime, wanted, reader, give }
}

it('reads a content piece by piece, and asks for the next one when the one before is there', async () => {
  const { wanted, reader, give } = readerOf(4)
  const read = reader.read('a')
  await Promise.resolve()
  for (let piece = 0; piece < 3; piece++) give(BYTES)
  expect(await read).toEqual(BYTES)
  expect(wanted).toEqual([
    ['a', 0],
    ['a', 4],
    ['a', 8],
  ])
})

it('asks again for a piece that does not come, and takes it once', async () => {
  const { runtime, wanted, reader } = readerOf(5)
  const read = reader.read('a')
  await Promise.resolve()
  const give = (offset: number) =>
    reader.take({ kind: 'piece', content: 'a', offset, total: 10, bytes: BYTES.slice(offset, offset + 5) })
  give(0)
  runtime.advance(10_000)
  give(0)
  expect(wanted).toEqual([0, 5, 5].map((offset) => ['a', offset]))
  give(5)
  give(5)
  expect(await read).toEqual(BYTES)
  runtime.advance(60_000)
  expect(wanted).toHaveLength(3)
})

it('reads one after the other', async () => {
  const { wanted, reader, give } = readerOf(10)
  const reads = Promise.all([reader.read('a'), reader.read('b')])
  await Promise.resolve()
  expect(wanted).toEqual([['a', 0]])
  give(BYTES)
  await new Promise((resolve) => setImmediate(resolve))
  give(BYTES)
  expect(await reads).toEqual([BYTES, BYTES])
})

it.each<[string, (parts: ReturnType<typeof readerOf>) => unknown]>([
  ['is gone', ({ give }) => give(new Uint8Array())],
  [
    'says to be larger than anything is',
    ({ reader }) => reader.take({ kind: 'piece', content: 'a', offset: 0, total: 1e12, bytes: BYTES }),
  ],
  [
    'says to be of another length with its second piece',
    ({ reader, give }) => {
      give(BYTES)
      reader.take({ kind: 'piece', content: 'a', offset: 4, total: 11, bytes: BYTES })
    },
  ],
  [
    'has more than it says',
    ({ reader }) => reader.take({ kind: 'piece', content: 'a', offset: 0, total: 5, bytes: BYTES }),
  ],
])('has nothing of a content that %s', async (_, happen) => {
  const parts = readerOf(4)
  const read = parts.reader.read('a')
  await Promise.resolve()
  await happen(parts)
  expect(await read).toBeUndefined()
})

it('takes no notice of pieces that nobody asked for', async () => {
  const { reader, give } = readerOf(10)
  reader.take({ kind: 'piece', content: 'b', offset: 0, total: 10, bytes: BYTES })
  const read = reader.read('a')
  await Promise.resolve()
  reader.take({ kind: 'piece', content: 'b', offset: 0, total: 10, bytes: BYTES })
  reader.take({ kind: 'piece', content: 'a', offset: 4, total: 10, bytes: BYTES.slice(4) })
  give(BYTES)
  expect(await read).toEqual(BYTES)
})
