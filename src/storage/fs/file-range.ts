import { contentInvalid, openFile, unreadable } from './files.ts'

/** Large enough that a system call and a stream's turn cost little beside the copying, small enough for many clients. */
const CHUNK_BYTES = 128 * 1024

/**
 * Opens the bytes of a file from `start` up to `end` as a stream that reads on only when it is read, and closes the
 * file at its end, on an error, and when it is cancelled.
 *
 * Throws `FILE_UNREADABLE`, and `CONTENT_INVALID` when the file no longer has `size` bytes: what was promised to a
 * client on the strength of it would be wrong. A file that shrinks while it is read breaks the stream.
 */
export async function openFileRange(
  path: string,
  size: number,
  start: number,
  end: number,
): Promise<ReadableStream<Uint8Array>> {
  const file = await openFile(path)
  if (file === undefined) throw unreadable(path, new Error('it is gone'))
  const { handle } = file
  if (file.size !== size) {
    await handle.close()
    throw contentInvalid(path, `${path} has ${file.size} bytes; expected ${size}`)
  }
  let position = start
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          if (position < end) {
            const length = Math.min(CHUNK_BYTES, end - position)
            const { bytesRead, buffer } = await handle.read(new Uint8Array(length), 0, length, position)
            if (bytesRead === 0) throw contentInvalid(path, `${path} shrank while it was read`)
            position += bytesRead
            controller.enqueue(buffer.subarray(0, bytesRead))
          }
          if (position < end) return
          await handle.close()
          controller.close()
        } catch (error) {
          await handle.close()
          throw error
        }
      },
      cancel: () => handle.close(),
    },
    { highWaterMark: 0 },
  )
}
