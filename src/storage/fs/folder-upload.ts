import { type FileHandle, open, rm } from 'node:fs/promises'
import { PortolanError } from '../../errors.ts'
import type { Upload } from '../object-store.ts'
import { folderError } from './folder-failure.ts'

export interface FolderUploadFacts {
  readonly folder: string
  readonly key: string
  readonly size: number
  /** Where the bytes lie until they are whole. */
  readonly file: string
}

/** An upload into a file that gets its name at `commit`; whatever is in the file need not be written again. */
export class FolderUpload implements Upload {
  readonly offset: number
  readonly #facts: FolderUploadFacts
  readonly #handle: FileHandle
  readonly #publish: (file: string) => Promise<void>
  #written: number
  #open = true
  #committed = false

  private constructor(
    facts: FolderUploadFacts,
    handle: FileHandle,
    offset: number,
    publish: (file: string) => Promise<void>,
  ) {
    this.#facts = facts
    this.#handle = handle
    this.offset = offset
    this.#written = offset
    this.#publish = publish
  }

  /** Opens the file, anew when it has more bytes than the object; `publish` renames it. */
  static async open(
    facts: FolderUploadFacts,
    publish: (file: string) => Promise<void>,
  ): Promise<FolderUpload> {
    const handle = await open(facts.file, 'a')
    const { size } = await handle.stat()
    if (size > facts.size) await handle.truncate()
    return new FolderUpload(facts, handle, size > facts.size ? 0 : size, publish)
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { folder, key, size } = this.#facts
    let rest = bytes.subarray(0, Math.max(0, size - this.#written))
    this.#written += bytes.length
    try {
      while (rest.length > 0) rest = rest.subarray((await this.#handle.write(rest)).bytesWritten)
    } catch (error) {
      throw folderError(folder, 'write', key, error)
    }
  }

  async commit(): Promise<void> {
    const { folder, key, size, file } = this.#facts
    if (this.#written !== size) {
      throw new PortolanError(
        'CONTENT_INVALID',
        `${JSON.stringify(key)} is not put into ${folder}: ${this.#written} bytes were written; expected ${size}`,
        { location: folder, key, written: this.#written, size },
      )
    }
    try {
      if (this.#open) await this.#handle.sync()
      await this.#close()
      await this.#publish(file)
    } catch (error) {
      throw folderError(folder, 'write', key, error)
    }
    this.#committed = true
  }

  async abort(): Promise<void> {
    await this.#close()
    if (!this.#committed) await rm(this.#facts.file, { force: true })
  }

  async suspend(): Promise<void> {
    await this.#close()
  }

  async #close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.#handle.close()
  }
}
