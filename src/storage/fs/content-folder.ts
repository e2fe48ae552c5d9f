import type { Dirent } from 'node:fs'
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ContentTimes, FoundContent } from '../../cache/disk.ts'
import { type Digest, digestAlgorithm, digestEncoded, parseDigest } from '../../oci/digest.ts'
import { unlessAbsent } from './files.ts'
import type { FolderSync } from './folder-sync.ts'
import { unwritable } from './workspace-file.ts'

/** The algorithms by which contents are verified, and thus named. */
const ALGORITHMS = ['sha256', 'sha512']
/** Subfolders that are read at once. */
const AT_ONCE = 8

/**
 * Contents as files that are named by what they are, `sha256/ab/abcd…`. When one was verified last is its file's time of
 * change, when it was used last its time of access.
 */
export class ContentFolder {
  readonly #folder: string
  readonly #folders: FolderSync

  constructor(folder: string, folders: FolderSync) {
    this.#folder = folder
    this.#folders = folders
  }

  file(digest: Digest): string {
    return join(this.#folder, this.path(digest))
  }

  /** The same from the folder on, with `/` on every system. */
  path(digest: Digest): string {
    const encoded = digestEncoded(digest)
    return `${digestAlgorithm(digest)}/${encoded.slice(0, 2)}/${encoded}`
  }

  /** All contents; what is not named as one is left alone. Rejects as the system does. */
  async list(): Promise<readonly FoundContent[]> {
    const found: FoundContent[] = []
    for (const algorithm of ALGORITHMS) {
      const prefixes = await entries(join(this.#folder, algorithm))
      const names = prefixes.filter((entry) => entry.isDirectory()).map(({ name }) => name)
      for (let at = 0; at < names.length; at += AT_ONCE) {
        const some = names.slice(at, at + AT_ONCE).map((name) => this.#listOne(algorithm, name))
        for (const contents of await Promise.all(some)) for (const each of contents) found.push(each)
      }
    }
    return found
  }

  async #listOne(algorithm: string, prefix: string): Promise<readonly FoundContent[]> {
    const folder = join(this.#folder, algorithm, prefix)
    const found = (await entries(folder)).map(async (entry) => {
      const digest = parseDigest(`${algorithm}:${entry.name}`)
      if (digest === undefined || !entry.isFile() || !entry.name.startsWith(prefix)) return undefined
      const path = join(folder, entry.name)
      const found = await unlessAbsent(path, stat(path))
      return found && { digest, size: found.size, used: found.atimeMs, verified: found.mtimeMs }
    })
    return (await Promise.all(found)).filter((each) => each !== undefined)
  }

  /** Gives a file, whose bytes are on disk, the name of a content. Throws `FILE_UNWRITABLE`. */
  async take(from: string, digest: Digest): Promise<void> {
    const file = this.file(digest)
    const folder = dirname(file)
    try {
      const made = await mkdir(folder, { recursive: true })
      await rename(from, file)
      await this.#folders.sync(folder)
      // The first of a folder: that one's own name has to last too.
      if (made !== undefined) await this.#folders.sync(dirname(folder))
    } catch (error) {
      throw unwritable(file, error)
    }
  }

  /** Throws `FILE_UNWRITABLE`. */
  async remove(digest: Digest): Promise<void> {
    const file = this.file(digest)
    await rm(file, { force: true }).catch((error) => {
      throw unwritable(file, error)
    })
  }

  /** Throws `FILE_UNWRITABLE`. */
  async mark(digest: Digest, { used, verified }: ContentTimes): Promise<void> {
    const file = this.file(digest)
    await utimes(file, used / 1000, verified / 1000).catch((error) => {
      throw unwritable(file, error)
    })
  }
}

async function entries(folder: string): Promise<Dirent[]> {
  return (await unlessAbsent(folder, readdir(folder, { withFileTypes: true }))) ?? []
}
