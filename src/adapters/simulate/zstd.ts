import { pipeline, Readable } from 'node:stream'
import * as zlib from 'node:zlib'
import type { ByteReader } from './byte-reader.ts'

/** RFC 8878, 3.1.1: how a frame begins. */
export const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd]
/** RFC 8878, 3.1.2: with the last four bits of any value. */
const SKIPPABLE = 0x184d2a50

const RLE_BLOCK = 1
const RESERVED_BLOCK = 3

/**
 * Unpacks zstd of any number of frames, as rotated logs that were put together have, and `pzstd` makes: Node's own stream
 * ends with the first one, without a word. `magic` was read already. Throws an `Error` with the reason.
 */
export async function* unpackZstd(reader: ByteReader, magic: Buffer): AsyncGenerator<Uint8Array> {
  // Bun before 1.3 has none, nor Node before 22.15.
  if (typeof zlib.createZstdDecompress !== 'function') throw new Error('this runtime cannot unpack zstd')
  for (let begin = magic; begin.length > 0; begin = await reader.upTo(4)) {
    if (begin.length === 4 && (begin.readUInt32LE() ^ SKIPPABLE) >>> 4 === 0) {
      const length = (await exactly(reader, 4)).readUInt32LE()
      for await (const _ of through(reader, length));
      continue
    }
    if (!ZSTD_MAGIC.every((byte, index) => begin[index] === byte))
      throw new Error('what follows a frame of zstd is none')
    const unpack = zlib.createZstdDecompress()
    // What breaks in the one is thrown by the other, which is read.
    pipeline(Readable.from(frame(reader, begin), { objectMode: false }), unpack, () => {})
    yield* unpack as AsyncIterable<Uint8Array>
  }
}

/** The bytes of one frame: RFC 8878, 3.1.1. */
async function* frame(reader: ByteReader, magic: Buffer): AsyncGenerator<Uint8Array> {
  const descriptor = await exactly(reader, 1)
  yield magic
  yield descriptor
  const flags = descriptor[0]!
  const isSingleSegment = (flags & 0x20) !== 0
  const hasChecksum = (flags & 0x04) !== 0
  const dictionaryId = [0, 1, 2, 4][flags & 3]!
  const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][flags >> 6]!
  yield await exactly(reader, (isSingleSegment ? 0 : 1) + dictionaryId + contentSize)
  for (let isLast = false; !isLast; ) {
    const block = await exactly(reader, 3)
    yield block
    const header = block.readUIntLE(0, 3)
    const type = (header >> 1) & 3
    if (type === RESERVED_BLOCK)
      throw new Error('it is damaged: a block of zstd has a kind that there is none of')
    isLast = (header & 1) !== 0
    yield* through(reader, type === RLE_BLOCK ? 1 : header >> 3)
  }
  if (hasChecksum) yield await exactly(reader, 4)
}

async function exactly(reader: ByteReader, count: number): Promise<Buffer> {
  const bytes = await reader.upTo(count)
  if (bytes.length < count) throw new Error('unexpected end of file')
  return bytes
}

async function* through(reader: ByteReader, count: number): AsyncGenerator<Uint8Array> {
  for (let missing = count; missing > 0; ) {
    const part = await reader.atMost(missing)
    if (part.length === 0) throw new Error('unexpected end of file')
    missing -= part.length
    yield part
  }
}
