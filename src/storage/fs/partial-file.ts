import { constants } from 'node:fs'
import { copyFile, type FileHandle, link, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { WholeFile } from '../object-store.ts'
import { codeOf } from './folder-failure.ts'

/** A file that this process alone writes, until it gets its name. */
export interface PartialFile {
  readonly name: string
  readonly file: string
  readonly handle: FileHandle
  /** Whether it is a file that was compared with its digest as it lies there. */
  readonly isCompared: boolean
}

/** What a partial file is called; whatever else stands in a state was not written by this driver. */
const NAME = /^[a-z0-9]{1,32}(?:-[0-9]{1,10})?$/
/** Names that are tried until one is free: only chance of a very poor kind needs a second one. */
const MAX_NAMES = 10_000

/** Makes partial files in a folder that is there; `owner` stands in all their names. */
export class PartialFiles {
  readonly #folder: string
  readonly #owner: string
  #count = 0

  constructor(folder: string, owner: string) {
    this.#folder = folder
    this.#owner = owner
  }

  /**
   * A new file, with what is in `whole`, or else in the earlier one of this name. It is a copy: whoever wrote the earlier
   * one may still have it open. File systems that can share the bytes do.
   */
  async create(earlier: string | undefined, whole?: WholeFile): Promise<PartialFile> {
    const from = earlier !== undefined && NAME.test(earlier) ? join(this.#folder, earlier) : undefined
    for (let tries = 0; ; tries++) {
      const name = `${this.#owner}-${++this.#count}`
      const file = join(this.#folder, name)
      try {
        const isCompared = whole?.mayBeIt === true && (await linked(whole.path, file))
        const kept = isCompared || (await copied(whole?.path, file)) || (await copied(from, file))
        const handle = await open(file, kept ? 'r+' : 'wx+', 0o644)
        if (from !== undefined) await rm(from, { force: true })
        return { name, file, handle, isCompared }
      } catch (error) {
        if (codeOf(error) !== 'EEXIST' || tries === MAX_NAMES) throw error
      }
    }
  }
}

/** Gives a file one more name; false where that cannot be: on another file system, or one without such links. */
async function linked(path: string, to: string): Promise<boolean> {
  try {
    await link(path, to)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw error
    return false
  }
}

/** False when there is nothing to copy. */
async function copied(from: string | undefined, to: string): Promise<boolean> {
  if (from === undefined) return false
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}
