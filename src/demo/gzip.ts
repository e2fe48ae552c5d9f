import { crc32 } from 'node:zlib'

/** RFC 1952, 2.3: deflate, no flags, no time, no extra flags, operating system unknown. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff)
/** RFC 1951, 3.2.4: the most that one stored block can hold. */
const STORED_MAX = 0xffff

/**
 * Wraps bytes as gzip without compressing them. A compressor's output differs between versions, runtimes and even
 * processors; stored blocks are the same everywhere, and so are the digests of what is made of them.
 */
export function storeGzip(bytes: Uint8Array): Buffer {
  const blocks = Math.max(1, Math.ceil(bytes.length / STORED_MAX))
  const out = Buffer.allocUnsafe(HEADER.length + blocks * 5 + bytes.length + 8)
  out.set(HEADER)
  let at = HEADER.length
  for (let block = 0; block < blocks; block++) {
    const chunk = bytes.subarray(block * STORED_MAX, (block + 1) * STORED_MAX)
    at = out.writeUInt8(block === blocks - 1 ? 1 : 0, at)
    at = out.writeUInt16LE(chunk.length, at)
    at = out.writeUInt16LE(~chunk.length & 0xffff, at)
    out.set(chunk, at)
    at += chunk.length
  }
  at = out.writeUInt32LE(crc32(bytes), at)
  out.writeUInt32LE(bytes.length >>> 0, at)
  return out
}
