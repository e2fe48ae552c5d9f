import { constants } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import type { Spool } from '../../transfer/spool.ts'
import { unreadable } from './files.ts'
import { unwritable } from './workspace-file.ts'

/**
 * Opens a spool in a file, with what is in it; makes an empty one when there is none. `onEmpty` is awaited before it
 * takes in bytes from the first one on. Throws `FILE_UNWRITABLE`.
 */
export async function openSpool(file: string, onEmpty: () => Promise<void>): Promise<Spool> {
  let handle: FileHandle
  let length: number
  try {
    handle = await open(file, constants.O_RDWR | constants.O_CREAT, 0o644)
    ;({ size: length } = await handle.stat())
  } catch (error) {
    throw unwritable(file, error)
  }
  if (length === 0) await onEmpty()
  const written = async (operation: Promise<unknown>) => {
    try {
      await operation
    } catch (error) {
      throw unwritable(file, error)
    }
  }
  return {
    file,
    get length() {
      return length
    },
    descriptor: handle.fd,
    async append(bytes) {
      for (let offset = 0; offset < bytes.length; ) {
        const part = bytes.length - offset
        await written(
          handle.write(bytes, offset, part, length).then(({ bytesWritten }) => {
            offset += bytesWritten
            length += bytesWritten
          }),
        )
      }
    },
    async read(start, end, into) {
      const wanted = Math.max(0, Math.min(end, length) - start)
      const fits = into !== undefined && into.length >= wanted
      const bytes = fits ? into.subarray(0, wanted) : new Uint8Array(wanted)
      let filled = 0
      while (filled < wanted) {
        const { bytesRead } = await handle
          .read(bytes, filled, wanted - filled, start + filled)
          .catch((error) => {
            throw unreadable(file, error)
          })
        if (bytesRead === 0) throw unreadable(file, new Error('it shrank while it was read'))
        filled += bytesRead
      }
      return bytes
    },
    async clear() {
      await onEmpty()
      await written(handle.truncate(0))
      length = 0
    },
    close: () => handle.close(),
    async remove() {
      await handle.close()
      await rm(file, { force: true })
    },
  }
}
