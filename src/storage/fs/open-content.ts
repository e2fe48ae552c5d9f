import { close, constants, fstat, open, read } from 'node:fs'
import { promisify } from 'node:util'
import type { OpenContent } from '../../cache/disk.ts'
import { unlessAbsent, unreadable } from './files.ts'

const openAt = promisify(open)
const statOf = promisify(fstat)
const readAt = promisify(read)
/** A named pipe in its place must not block us. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** Opens a content's file, which lies at `path` below the cache's folder; `undefined` when there is none. Throws `FILE_UNREADABLE`. */
export async function openContent(file: string, path: string): Promise<OpenContent | undefined> {
  const descriptor = await unlessAbsent(file, openAt(file, FLAGS))
  if (descriptor === undefined) return undefined
  let size: number
  try {
    const found = await statOf(descriptor)
    if (!found.isFile()) throw new Error('not a regular file')
    size = found.size
  } catch (error) {
    close(descriptor)
    throw unreadable(file, error)
  }
  let isOpen = true
  return {
    size,
    descriptor,
    path,
    read: (start, end, into) => readPart(file, descriptor, { start, end: Math.min(end, size) }, into),
    close() {
      if (isOpen) close(descriptor)
      isOpen = false
    },
  }
}

async function readPart(
  file: string,
  descriptor: number,
  { start, end }: { readonly start: number; readonly end: number },
  into: Uint8Array | undefined,
): Promise<Uint8Array> {
  const wanted = Math.max(0, end - start)
  const bytes =
    into !== undefined && into.length >= wanted ? into.subarray(0, wanted) : new Uint8Array(wanted)
  let filled = 0
  while (filled < wanted) {
    const { bytesRead } = await readAt(descriptor, bytes, filled, wanted - filled, start + filled).catch(
      (error) => {
        throw unreadable(file, error)
      },
    )
    if (bytesRead === 0) throw unreadable(file, new Error('it shrank while it was read'))
    filled += bytesRead
  }
  return bytes
}
