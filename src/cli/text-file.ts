import { constants } from 'node:fs'
import { copyFile, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PortolanError } from '../errors.ts'

/** The text of a file, in which every byte of it can be told apart, so that what is not changed can be written again. */
export interface DecodedText {
  readonly text: string
  readonly encoding: 'utf8' | 'latin1'
}

/** Reads a file that has to be UTF-8. Throws `FILE_UNREADABLE`. */
export async function readTextFile(file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new PortolanError('FILE_UNREADABLE', `cannot read ${file}: ${reason}`, { file }, cause)
  }
}

/** UTF-8 with its byte order mark, if it has one; what is something else is taken byte by byte (Latin-1). */
export function decodeText(bytes: Buffer): DecodedText {
  try {
    return {
      text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
      encoding: 'utf8',
    }
  } catch {
    return { text: bytes.toString('latin1'), encoding: 'latin1' }
  }
}

/**
 * Puts another text in the place of a file at once, whole or not at all: with the same mode and owner, behind the same
 * symbolic link. Throws `FILE_UNWRITABLE`, and leaves the file, when that is not what it was any more, or when there is
 * a backup of it already; `FILE_UNREADABLE` when it cannot be read.
 */
export async function replaceText(
  path: string,
  before: DecodedText,
  replacement: string,
  { backupSuffix }: { readonly backupSuffix?: string } = {},
): Promise<void> {
  try {
    const file = await realpath(path)
    const draft = join(dirname(file), `.${basename(file)}.portolan-draft`)
    try {
      if (!(await readBytes(file)).equals(Buffer.from(before.text, before.encoding)))
        throw new Error('it was changed meanwhile')
      if (backupSuffix !== undefined) await copyFile(file, file + backupSuffix, constants.COPYFILE_EXCL)
      const { mode, uid, gid } = await stat(file)
      const handle = await open(draft, 'w', mode & 0o7777)
      try {
        await handle.writeFile(replacement, before.encoding)
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
      throw cause
    }
  } catch (cause) {
    if (cause instanceof PortolanError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new PortolanError('FILE_UNWRITABLE', `cannot write ${path}: ${why}`, { file: path }, cause)
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
