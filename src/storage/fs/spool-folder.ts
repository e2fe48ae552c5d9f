import { constants } from 'node:fs'
import { copyFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, parseDigest } from '../../oci/digest.ts'
import type { Spool } from '../../transfer/spool.ts'
import { openSpool } from './spool.ts'
import { unwritable } from './workspace-file.ts'

/** The spools of a workspace. */
export interface SpoolFolder {
  /** `onEmpty` is awaited before it takes in bytes from the first one on. Throws `FILE_UNWRITABLE`. */
  open(digest: Digest, onEmpty: () => Promise<void>): Promise<Spool>
  /** Deletes those that nobody will go on with. */
  tidy(wanted: (digest: Digest) => boolean): Promise<void>
}

export interface SpoolOwner {
  /** Stands in the name of every file that it writes: a file has one writer for ever. */
  readonly owner: string
  /** Whether those before may still be writing, so that what they left is copied rather than taken over. */
  readonly mayBeWritten: boolean
}

/** Opens the spools in a folder, with what earlier owners left there. */
export async function openSpoolFolder(
  folder: string,
  { owner, mayBeWritten }: SpoolOwner,
): Promise<SpoolFolder> {
  const left = new Map<Digest, string[]>()
  for (const name of await readdir(folder)) {
    const digest = parseDigest(name.split('.', 1)[0]!.replace('-', ':'))
    if (digest === undefined) await rm(join(folder, name), { force: true })
    else left.set(digest, [...(left.get(digest) ?? []), join(folder, name)])
  }
  const fileOf = (digest: Digest) => join(folder, `${fileName(digest)}.${owner}`)
  /** Makes the longest of what is left of a blob our own. */
  const adopt = async (digest: Digest) => {
    const files = left.get(digest)
    if (files === undefined) return
    left.delete(digest)
    const [longest] = await byLength(files)
    const mine = fileOf(digest)
    try {
      if (longest === undefined) return
      // One that a store has under another name is written by nobody any more.
      const isShared = (await stat(longest)).nlink > 1
      if (mayBeWritten || isShared)
        await copyFile(longest, mine, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
      else await rename(longest, mine)
    } catch (error) {
      throw unwritable(mine, error)
    } finally {
      for (const file of files) await rm(file, { force: true })
    }
  }
  return {
    async open(digest, onEmpty) {
      await adopt(digest)
      return openSpool(fileOf(digest), onEmpty)
    },
    async tidy(wanted) {
      for (const [digest, files] of left) {
        if (wanted(digest)) continue
        left.delete(digest)
        for (const file of files) await rm(file, { force: true })
      }
      for (const name of await readdir(folder)) {
        const digest = parseDigest(name.split('.', 1)[0]!.replace('-', ':'))
        if (digest !== undefined && name.endsWith(`.${owner}`) && !wanted(digest))
          await rm(join(folder, name), { force: true })
      }
    },
  }
}

/** A colon is no part of a file's name on Windows; the first "-" takes its place. */
export function fileName(digest: Digest): string {
  return digest.replace(':', '-')
}

async function byLength(files: readonly string[]): Promise<string[]> {
  const sized = await Promise.all(
    files.map(async (file) => ({ file, size: (await stat(file).catch(() => undefined))?.size ?? -1 })),
  )
  return sized
    .filter(({ size }) => size >= 0)
    .sort((a, b) => b.size - a.size)
    .map(({ file }) => file)
}
