import { constants } from 'node:fs'
import { copyFile, type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from './folder-failure.ts'

/** A file that this process alone writes, until it gets its name. */
export interface PartialFile {
  readonly name: string
  readonly file: string
  readonly handle: FileHandle
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
   * A new file, with what is in the earlier one of this name. It is a copy: whoever wrote the earlier one may still have
   * it open. File systems that can share the bytes do.
   */
  async create(earlier: string | undefined): Promise<PartialFile> {
    const from = earlier !== undefined && NAME.test(earlier) ? join(this.#folder, earlier) : undefined
    for (let tries = 0; ; tries++) {
      const name = `${this.#owner}-${++this.#count}`
      const file = join(this.#folder, name)
      try {
        const kept = from !== undefined && (await copied(from, file))
        const handle = await open(file, kept ? 'r+' : 'wx+', 0o644)
        if (from !== undefined) await rm(from, { force: true })
        return { name, file, handle }
      } catch (error) {
        if (codeOf(error) !== 'EEXIST' || tries === MAX_NAMES) throw error
      }
    }
  }
}

/** False when there is nothing to copy. */
async function copied(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}
