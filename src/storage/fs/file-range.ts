import type { FileHandle } from 'node:fs/promises'
import { contentInvalid, openFile } from './files.ts'

/** Large enough that a system call and a stream's turn cost little beside the copying, small enough for many clients. */
const CHUNK_BYTES = 128 * 1024
/** For one reader who takes all of a large file: with less, more time goes into taking turns than into reading. */
const LENT_BYTES = 1024 * 1024

/** Which bytes of a file of `size` bytes are wanted: from `start` up to, not including, `end`. */
export interface FileRange {
  readonly size: number
  readonly start: number
  readonly end: number
  /** Breaks the stream with its reason at the next read after it aborts. */
  readonly signal?: AbortSignal | undefined
  /** Whether a piece may be over when the next one is read: then it is read ahead, into memory that is used again. */
  readonly lend?: boolean | undefined
}

/**
 * Opens the bytes of a file from `start` up to `end` as a stream that reads on only when it is read, and closes the
 * file at its end, on an error, and when it is cancelled.
 *
 * `undefined` when there is no such file. Throws `FILE_UNREADABLE`, and `CONTENT_INVALID` when the file no longer has `size` bytes: what was promised to a
 * client on the strength of it would be wrong. A file that shrinks while it is read breaks the stream.
 */
export async function openFileRange(
  path: string,
  range: FileRange,
): Promise<ReadableStream<Uint8Array> | undefined> {
  const file = await openFile(path)
  if (file === undefined) return undefined
  const { handle } = file
  if (file.size !== range.size) {
    await handle.close()
    throw contentInvalid(path, `${path} has ${file.size} bytes; expected ${range.size}`)
  }
  return readRange(path, handle, range)
}

function readRange(path: string, handle: FileHandle, range: FileRange): ReadableStream<Uint8Array> {
  const { start, end, signal, lend = false } = range
  const most = Math.min(lend ? LENT_BYTES : CHUNK_BYTES, end - start)
  const lent = lend ? [new Uint8Array(most), new Uint8Array(most)] : []
  let position = start
  let ahead: Promise<Uint8Array> | undefined
  const read = async (): Promise<Uint8Array> => {
    const length = Math.min(most, end - position)
    const into = lent.shift() ?? new Uint8Array(length)
    if (lend) lent.push(into)
    const { bytesRead } = await handle.read(into, 0, length, position)
    if (bytesRead === 0) throw contentInvalid(path, `${path} shrank while it was read`)
    position += bytesRead
    return into.subarray(0, bytesRead)
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          signal?.throwIfAborted()
          const piece = start < end ? await (ahead ?? read()) : undefined
          const isLast = position === end
          if (lend && !isLast) {
            ahead = read()
            // Whoever reads on is told.
            ahead.catch(() => {})
          }
          if (piece !== undefined) controller.enqueue(piece)
          if (!isLast) return
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
