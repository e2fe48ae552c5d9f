import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PortolanError } from '../../errors.ts'

/** Many times what all addresses take; more is no range snapshot. */
const BYTES_MAX = 256 * 1024 * 1024

/** Reads a snapshot's file; `undefined` when there is none. Throws `FILE_UNREADABLE`. */
export async function readSnapshotFile(file: string): Promise<Uint8Array | undefined> {
  try {
    const handle = await open(file)
    try {
      const { size } = await handle.stat()
      if (size > BYTES_MAX) throw new Error(`it is longer than ${BYTES_MAX} bytes`)
      return await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new PortolanError('FILE_UNREADABLE', `cannot read ${file}: ${message}`, { file }, cause)
  }
}

/**
 * Writes a snapshot's file whole or not at all: whoever reads it at any moment, a crash included, finds the old or the
 * new one. Throws `FILE_UNWRITABLE`.
 */
export async function writeSnapshotFile(file: string, bytes: Uint8Array): Promise<void> {
  const draft = join(dirname(file), `.${basename(file)}.${randomUUID()}`)
  try {
    const handle = await open(draft, 'wx', 0o644)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, file)
  } catch (cause) {
    await rm(draft, { force: true })
    const { message } = cause as Error
    throw new PortolanError('FILE_UNWRITABLE', `cannot write ${file}: ${message}`, { file }, cause)
  }
}
