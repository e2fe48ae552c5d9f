import { open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FoundPartial } from '../../cache/disk.ts'
import { type Digest, parseDigest } from '../../oci/digest.ts'
import type { Spool } from '../../transfer/spool.ts'
import type { Lease } from './lease.ts'
import { openSpool } from './spool.ts'
import { fileName } from './spool-folder.ts'
import { unwritable } from './workspace-file.ts'

/** Contents on their way, in files that have their owner in their name: a file has one writer for ever. */
export class PartialContents {
  readonly #folder: string
  readonly #owner: string
  #drafts = 0

  constructor(folder: string, owner: string) {
    this.#folder = folder
    this.#owner = owner
  }

  /** The file of a content on its way. */
  file(digest: Digest): string {
    return join(this.#folder, `${fileName(digest)}.${this.#owner}`)
  }

  /**
   * Takes over what an earlier owner left, unless it may still be writing: then, and of files that are no download,
   * nothing stays. Rejects as the system does.
   */
  async adopt(predecessor: Lease['predecessor']): Promise<readonly FoundPartial[]> {
    const found = new Map<Digest, FoundPartial>()
    for (const entry of await readdir(this.#folder, { withFileTypes: true })) {
      if (entry.isDirectory()) continue
      const { name } = entry
      const file = join(this.#folder, name)
      const digest = name.endsWith('.draft') ? undefined : digestOf(name)
      if (digest === undefined || found.has(digest) || predecessor === 'silent') {
        await rm(file, { force: true })
        continue
      }
      await rename(file, this.file(digest))
      const { size, mtimeMs } = await stat(this.file(digest))
      found.set(digest, { digest, length: size, changed: mtimeMs })
    }
    return [...found.values()]
  }

  /** Throws `FILE_UNWRITABLE`. */
  open(digest: Digest): Promise<Spool> {
    return openSpool(this.file(digest), async () => {})
  }

  /** Brings what is in the file of a content to the disk. Throws `FILE_UNWRITABLE`. */
  async sync(digest: Digest): Promise<void> {
    const file = this.file(digest)
    try {
      const handle = await open(file, 'r+')
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
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

  /** Writes bytes to a file of its own and brings them to the disk; gives the file. Throws `FILE_UNWRITABLE`. */
  async draft(bytes: Uint8Array): Promise<string> {
    const file = join(this.#folder, `${++this.#drafts}.${this.#owner}.draft`)
    try {
      const handle = await open(file, 'w', 0o644)
      try {
        await handle.writeFile(bytes)
        await handle.sync()
      } finally {
        await handle.close()
      }
    } catch (error) {
      await rm(file, { force: true }).catch(() => {})
      throw unwritable(file, error)
    }
    return file
  }
}

function digestOf(name: string): Digest | undefined {
  return parseDigest(name.split('.', 1)[0]!.replace('-', ':'))
}
