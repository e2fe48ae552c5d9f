import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { PortolanError } from '../../errors.ts'
import { factsOf, syncFolder } from './files.ts'
import { codeOf } from './folder-failure.ts'

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

/** Makes a folder, and those above it, where they are not there. Throws `FILE_UNWRITABLE`. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (error) {
    throw unwritable(folder, await causeOf(folder, error))
  }
}

/** Node says ENOENT of a whole path that cannot be made, on a disk that is read-only too: the first folder that fails says why. */
async function causeOf(folder: string, error: unknown): Promise<unknown> {
  for (
    let each = resolve(folder);
    codeOf(error) === 'ENOENT' && each !== dirname(each);
    each = dirname(each)
  ) {
    const failure = await mkdir(each).catch((cause: unknown) => cause)
    if (failure === undefined || codeOf(failure) === 'EEXIST') break
    if (codeOf(failure) !== 'ENOENT') return failure
  }
  return error
}
