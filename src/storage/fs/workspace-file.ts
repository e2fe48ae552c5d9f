import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PortolanError } from '../../errors.ts'
import { factsOf, syncFolder } from './files.ts'

/**
 * Writes a file whole or not at all: whoever reads it after a crash finds the old or the new one. A draft left by a
 * crash is simply written over: no two write one of the same `owner`. Throws `FILE_UNWRITABLE`.
 */
export async function writeWhole(
  file: string,
  bytes: Uint8Array | string,
  durable: boolean,
  owner = '',
): Promise<void> {
  const draft = `${file}${owner && `.${owner}`}.draft`
  try {
    const handle = await open(draft, 'w', 0o644)
    try {
      await handle.writeFile(bytes)
      if (durable) await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, file)
    if (durable) await syncFolder(dirname(file))
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {})
    throw unwritable(file, error)
  }
}

/** `FILE_UNWRITABLE`, naming the file and why, such as a disk that is full. */
export function unwritable(file: string, cause: unknown): PortolanError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new PortolanError('FILE_UNWRITABLE', `cannot write ${file}: ${why}`, factsOf(file, cause), cause)
}
