import { readBundleHead } from './bundle-head.ts'
import { ByteReader } from './byte-reader.ts'
import type { BundleIndex } from './form.ts'
import type { BundleStream } from './write-bundle.ts'

const PIECE_BYTES = 64 * 1024

/**
 * The index of a bundle that was begun; `undefined` when it does not stand there whole, so that nothing is behind it
 * either. Throws `CONTENT_INVALID` for what is the beginning of no bundle.
 */
export async function readBegun(
  stream: Pick<BundleStream, 'length' | 'read'>,
  where: string,
): Promise<BundleIndex | undefined> {
  const reader = new ByteReader(piecesOf(stream), where)
  try {
    return (await readBundleHead(reader)).index
  } catch (error) {
    if (await reader.isAtEnd()) return undefined
    throw error
  } finally {
    await reader.close()
  }
}

async function* piecesOf(stream: Pick<BundleStream, 'length' | 'read'>): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < stream.length; position += PIECE_BYTES)
    yield await stream.read(position, position + PIECE_BYTES)
}
