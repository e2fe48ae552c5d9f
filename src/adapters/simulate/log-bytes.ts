import { createReadStream } from 'node:fs'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { PortolanError } from '../../errors.ts'
import { ByteReader } from './byte-reader.ts'
import { unpackZstd, ZSTD_MAGIC } from './zstd.ts'

/** RFC 1952, 2.3.1. */
const GZIP_MAGIC = [0x1f, 0x8b]

/**
 * The bytes of a log, or of standard input for `-`, unpacked if they are gzip or zstd, which their beginning says and not
 * their name. `onBytes` is told how many were read, packed as they are; `open` gives them where they are elsewhere. Throws `FILE_UNREADABLE`.
 */
export async function* readLogBytes(
  file: string,
  onBytes: (count: number) => void,
  open: () => AsyncIterable<Uint8Array> = () => openLog(file),
): AsyncGenerator<Uint8Array> {
  try {
    const reader = new ByteReader(counted(open(), onBytes))
    const beginning = await reader.upTo(ZSTD_MAGIC.length)
    const begins = (magic: readonly number[]) => magic.every((byte, index) => beginning[index] === byte)
    if (begins(ZSTD_MAGIC)) yield* unpackZstd(reader, beginning)
    else if (begins(GZIP_MAGIC)) {
      const unpack = createGunzip()
      // What breaks in the one is thrown by the other, which is read.
      pipeline(Readable.from(reader.after(beginning), { objectMode: false }), unpack, () => {})
      yield* unpack as AsyncIterable<Uint8Array>
    } else yield* reader.after(beginning)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const name = file === '-' ? 'standard input' : file
    throw new PortolanError('FILE_UNREADABLE', `cannot read ${name}: ${reason}`, { file, reason }, cause)
  }
}

function openLog(file: string): AsyncIterable<Uint8Array> {
  return file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 256 * 1024 })
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const piece of source) {
    onBytes(piece.length)
    yield piece
  }
}
