import { constants } from 'node:fs'
import { copyFile, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PortolanError } from '../errors.ts'

/** A file as text, in which every byte of it can be told apart, so that what is not changed can be written again. */
export interface TextFile {
  readonly text: string
  /** Writes another text in its place; see {@link readTextFile}. */
  replace(text: string, options?: { readonly backupSuffix?: string }): Promise<void>
}

/**
 * Reads a file. What is not UTF-8 is taken byte by byte (Latin-1), and written as it was.
 *
 * `replace` puts another file in its place at once, whole or not at all: with the same mode and owner, behind the same
 * symbolic link. It throws `FILE_UNWRITABLE`, and leaves the file, when that changed since it was read, or when there is
 * a backup of it already. Both throw `FILE_UNREADABLE` for what cannot be read.
 */
export async function readTextFile(path: string): Promise<TextFile> {
  const bytes = await readBytes(path)
  const text = decode(bytes)
  const encoding = text === undefined ? 'latin1' : 'utf8'
  return {
    text: text ?? bytes.toString('latin1'),
    async replace(replacement, { backupSuffix } = {}) {
      const file = await realpath(path)
      const draft = join(dirname(file), `.${basename(file)}.portolan-draft`)
      try {
        if (!(await readBytes(file)).equals(bytes)) throw new Error('it was changed meanwhile')
        if (backupSuffix !== undefined) await copyFile(file, file + backupSuffix, constants.COPYFILE_EXCL)
        const { mode, uid, gid } = await stat(file)
        const handle = await open(draft, 'w', mode & 0o7777)
        try {
          await handle.writeFile(replacement, encoding)
          // Only the superuser can give a file to others; for anyone else it is theirs already, or stays so.
          await handle.chown(uid, gid).catch(() => {})
          await handle.chmod(mode & 0o7777)
          await handle.sync()
        } finally {
          await handle.close()
        }
        await rename(draft, file)
      } catch (cause) {
        await rm(draft, { force: true }).catch(() => {})
        if (cause instanceof PortolanError) throw cause
        const why = cause instanceof Error ? cause.message : String(cause)
        throw new PortolanError('FILE_UNWRITABLE', `cannot write ${path}: ${why}`, { file: path }, cause)
      }
    },
  }
}

/** UTF-8 with its byte order mark, if it has one; `undefined` when it is something else. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new PortolanError('FILE_UNREADABLE', `cannot read ${path}: ${why}`, { file: path }, cause)
  }
}
