import { PortolanError } from '../errors.ts'
import { TEXT_BYTES_MAX } from './file-search.ts'

/** Reads standard input to its end. Rejects with `FILE_UNREADABLE` for more than is parsed of a file. */
export async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of process.stdin) {
    chunks.push(chunk)
    length += chunk.length
    if (length > TEXT_BYTES_MAX) {
      const message = `cannot read standard input: it is longer than ${TEXT_BYTES_MAX} bytes`
      throw new PortolanError('FILE_UNREADABLE', message, { file: '-' })
    }
  }
  return Buffer.concat(chunks)
}
