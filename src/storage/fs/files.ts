import { constants } from 'node:fs'
import { type FileHandle, open, realpath, stat } from 'node:fs/promises'
import { sep } from 'node:path'
import { PortolanError } from '../../errors.ts'

/** A file that is open for reading, and how many bytes it has. */
export interface OpenFile {
  readonly handle: FileHandle
  readonly size: number
}

/** Without O_NONBLOCK, a named pipe that someone left in the folder would block the opener for ever. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/**
 * Where a file below a folder really is, symbolic links followed; `undefined` when there is nothing of that name. Throws
 * `FILE_UNREADABLE` when they lead out of the folder: whoever may put files into it is not thereby one who may have the
 * rest of the disk served.
 */
export async function realFileBelow(root: string, path: string): Promise<string | undefined> {
  const real = await unlessAbsent(path, realpath(path))
  if (real === undefined) return undefined
  const top = await realpath(root).catch((error) => {
    throw unreadable(root, error)
  })
  if (real.startsWith(top.endsWith(sep) ? top : top + sep)) return real
  throw unreadable(path, new Error(`it leads out of ${root}`))
}

/** Whether anything is there that a name leads to. */
export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Opens a regular file; `undefined` when there is nothing of that name. Throws `FILE_UNREADABLE`. */
export async function openFile(path: string): Promise<OpenFile | undefined> {
  const handle = await unlessAbsent(path, open(path, READ_FLAGS))
  if (handle === undefined) return undefined
  try {
    const found = await handle.stat()
    if (!found.isFile()) throw unreadable(path, new Error('not a regular file'))
    return { handle, size: found.size }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** How many bytes a regular file has; `undefined` when there is nothing of that name. Throws `FILE_UNREADABLE`. */
export async function fileSize(path: string): Promise<number | undefined> {
  const found = await unlessAbsent(path, stat(path))
  if (found === undefined) return undefined
  if (!found.isFile()) throw unreadable(path, new Error('not a regular file'))
  return found.size
}

/** Reads a whole file; `undefined` when there is none. Throws `FILE_UNREADABLE`, or `CONTENT_INVALID` over the limit. */
export async function readSmallFile(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  const file = await openFile(path)
  if (file === undefined) return undefined
  try {
    if (file.size > maxBytes) {
      throw contentInvalid(path, `${path} has ${file.size} bytes; expected at most ${maxBytes}`)
    }
    return await file.handle.readFile()
  } finally {
    await file.handle.close()
  }
}

/** Makes what a folder names outlive a crash of the machine: a file's own sync is of its bytes alone. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The result of a file operation; `undefined` when it found nothing of that name. Throws `FILE_UNREADABLE`. */
export async function unlessAbsent<T>(path: string, operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unreadable(path, error)
  }
}

/** `FILE_UNREADABLE`, naming the file and why. */
export function unreadable(path: string, cause: unknown): PortolanError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new PortolanError('FILE_UNREADABLE', `cannot read ${path}: ${why}`, factsOf(path, cause), cause)
}

/** The file, and the system's code for what is wrong with it, where the system said so. */
export function factsOf(path: string, cause: unknown): { path: string; reason?: string } {
  const reason = (cause as NodeJS.ErrnoException | undefined)?.code
  return { path, ...(reason !== undefined && { reason }) }
}

/** `CONTENT_INVALID`, naming the file beside the message. */
export function contentInvalid(path: string, message: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', message, { path })
}
