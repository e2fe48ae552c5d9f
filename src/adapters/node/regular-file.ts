import { constants } from 'node:fs'
import { open, stat } from 'node:fs/promises'

/**
 * Reads a regular file of at most so many bytes of UTF-8: to read a named pipe would be to wait for somebody who writes
 * into it. Throws what the system says, or an `Error` with the reason.
 */
export async function readRegular(file: string, bytesMax: number): Promise<string> {
  // Without O_NONBLOCK, to open a named pipe would wait for a writer.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    if (!(await handle.stat()).isFile()) throw new Error('it is not a regular file')
    return await readBounded(handle.createReadStream(), bytesMax)
  } finally {
    await handle.close()
  }
}

/** Reads UTF-8 to its end. Throws when it is none, or longer than so many bytes. */
export async function readBounded(stream: AsyncIterable<Buffer>, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    chunks.push(chunk)
    length += chunk.length
    if (length > bytesMax) throw new Error(`it is longer than ${bytesMax} bytes`)
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
}

/**
 * What tells one version of a file from the next, links followed; `undefined` when it cannot be had. A pipe is another one
 * with each byte, and is not read again for that.
 */
export async function printOf(file: string): Promise<string | undefined> {
  try {
    const stats = await stat(file)
    const { dev, ino, size, mtimeMs } = stats
    return stats.isFile() ? `${dev} ${ino} ${size} ${mtimeMs}` : `${dev} ${ino}`
  } catch {
    return undefined
  }
}
