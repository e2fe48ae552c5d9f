import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { PortolanError } from '../../errors.ts'
import { type Digest, digestAlgorithm, isVerifiable } from '../../oci/digest.ts'
import type { Upload } from '../object-store.ts'
import { folderError } from './folder-failure.ts'
import type { PartialFile } from './partial-file.ts'
import { haveSameBytes } from './same-bytes.ts'

export interface FolderUploadFacts {
  readonly folder: string
  readonly key: string
  readonly size: number
  /** Where the bytes lie until they are whole; nobody else writes there. */
  readonly partial: PartialFile
  /** What they must be. */
  readonly digest?: Digest | undefined
  /** A file that was compared with the digest as it lies there. */
  readonly model?: string | undefined
}

const HASH_BYTES = 1024 * 1024

/** An upload into a file that gets its name at `commit`; whatever is in the file need not be written again. */
export class FolderUpload implements Upload {
  readonly offset: number
  readonly #facts: FolderUploadFacts
  readonly #publish: () => Promise<void>
  #written: number
  #open = true
  #committed = false

  private constructor(facts: FolderUploadFacts, offset: number, publish: () => Promise<void>) {
    this.#facts = facts
    this.offset = offset
    this.#written = offset
    this.#publish = publish
  }

  /** Goes on at the end of the file, or anew when it has more bytes than the object; `publish` renames it. */
  static async open(facts: FolderUploadFacts, publish: () => Promise<void>): Promise<FolderUpload> {
    const { handle } = facts.partial
    const { size } = await handle.stat()
    if (size > facts.size) await handle.truncate()
    return new FolderUpload(facts, size > facts.size ? 0 : size, publish)
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { folder, key, size, partial } = this.#facts
    let rest = bytes.subarray(0, Math.max(0, size - this.#written))
    let position = this.#written
    this.#written += bytes.length
    try {
      while (rest.length > 0) {
        const { bytesWritten } = await partial.handle.write(rest, 0, rest.length, position)
        position += bytesWritten
        rest = rest.subarray(bytesWritten)
      }
    } catch (error) {
      throw folderError(folder, 'write', key, error)
    }
  }

  async commit(): Promise<boolean> {
    const { folder, key, size, partial } = this.#facts
    if (this.#written !== size) throw this.#wrong(`${this.#written} bytes were written; expected ${size}`)
    try {
      if (this.#open) {
        await partial.handle.sync()
        await this.#verify()
      }
      await this.#close()
      await this.#publish()
    } catch (error) {
      throw folderError(folder, 'write', key, error)
    }
    this.#committed = true
    return this.#facts.digest !== undefined && isVerifiable(this.#facts.digest)
  }

  /** What gets the name is what lies on the disk: an earlier process, or a disk, may have made something else of it. */
  async #verify(): Promise<void> {
    const { size, digest, partial, model } = this.#facts
    const { size: length } = await partial.handle.stat()
    if (length !== size) throw this.#wrong(`its file has ${length} bytes; expected ${size}`)
    if (partial.isCompared || digest === undefined || !isVerifiable(digest)) return
    // Half the work of a hash; whatever else there is, the hash tells.
    if (model !== undefined && (await haveSameBytes(partial.handle, model, size))) return
    const hash = createHash(digestAlgorithm(digest))
    const buffer = Buffer.allocUnsafe(Math.min(HASH_BYTES, size))
    for (let position = 0; position < size; ) {
      const { bytesRead } = await partial.handle.read(buffer, 0, buffer.length, position)
      if (bytesRead === 0) throw this.#wrong(`its file ends after ${position} bytes; expected ${size}`)
      hash.update(buffer.subarray(0, bytesRead))
      position += bytesRead
    }
    const actual = `${digestAlgorithm(digest)}:${hash.digest('hex')}`
    if (actual !== digest) throw this.#wrong(`what was written is ${actual}; expected ${digest}`)
  }

  async abort(): Promise<void> {
    await this.#close()
    if (!this.#committed) await rm(this.#facts.partial.file, { force: true })
  }

  async suspend(): Promise<void> {
    await this.#close()
  }

  async #close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.#facts.partial.handle.close()
  }

  #wrong(what: string): PortolanError {
    const { folder, key, size } = this.#facts
    const message = `${JSON.stringify(key)} is not put into ${folder}: ${what}`
    return new PortolanError('CONTENT_INVALID', message, {
      location: folder,
      key,
      written: this.#written,
      size,
    })
  }
}
