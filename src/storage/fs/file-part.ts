import type { FilePart } from '../../internal/file-part.ts'
import { type FileRange, readRange } from './file-range.ts'
import { contentInvalid, openFile } from './files.ts'

/**
 * Opens the bytes of a file from `start` up to `end` as a part that can be sent by its descriptor or read as a stream.
 *
 * `undefined` when there is no such file. Throws `FILE_UNREADABLE`, and `CONTENT_INVALID` when the file no longer has
 * `size` bytes.
 */
export async function openFilePart(
  path: string,
  range: Omit<FileRange, 'signal'>,
): Promise<FilePart | undefined> {
  const file = await openFile(path)
  if (file === undefined) return undefined
  const { handle } = file
  if (file.size !== range.size) {
    await handle.close()
    throw contentInvalid(path, `${path} has ${file.size} bytes; expected ${range.size}`)
  }
  let isClosed = false
  return {
    kind: 'file',
    descriptor: handle.fd,
    start: range.start,
    end: range.end,
    stream: () => readRange(path, handle, range),
    close() {
      if (isClosed) return
      isClosed = true
      // Of a file that is only read, closing loses nothing.
      handle.close().catch(() => {})
    },
  }
}
