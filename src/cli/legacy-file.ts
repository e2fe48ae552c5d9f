import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { readRegular } from '../adapters/node/regular-file.ts'
import { PortolanError } from '../errors.ts'
import type { LegacyList } from '../legacy/legacy-list.ts'
import { LIST_MAX_BYTES, readLegacyList } from '../legacy/read-list.ts'
import { codeOf } from '../storage/fs/folder-failure.ts'
import { unwritable } from '../storage/fs/workspace-file.ts'

/** Reads the list of an old name; `undefined` where there is no such file. Throws `FILE_UNREADABLE` and `CONTENT_INVALID`. */
export async function readLegacyFile(file: string): Promise<LegacyList | undefined> {
  let text: string
  try {
    text = await readRegular(file, LIST_MAX_BYTES)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new PortolanError('FILE_UNREADABLE', `cannot read ${file}: ${reason}`, { file }, cause)
  }
  try {
    return readLegacyList(text)
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    throw new PortolanError(error.code, `${file} ${error.message}`, { file }, error)
  }
}

/** Throws `FILE_UNWRITABLE` at once for a file that could not be written after hours. */
export async function requireWritable(file: string): Promise<void> {
  const folder = dirname(resolve(file))
  try {
    if ((await stat(folder)).isDirectory()) return await access(folder, constants.W_OK)
  } catch (error) {
    throw unwritable(file, error)
  }
  throw unwritable(file, new Error(`${folder} is no folder`))
}
