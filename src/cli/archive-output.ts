import { rename } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { ArchiveOutput } from '../bundle/write-archive.ts'
import type { BundleStream } from '../bundle/write-bundle.ts'
import { PortolanError } from '../errors.ts'
import { openFile, syncFolder } from '../storage/fs/files.ts'
import { freeSpaceOf } from '../storage/fs/free-space.ts'
import { SlicedFile } from '../storage/fs/sliced-file.ts'
import { unwritable } from '../storage/fs/workspace-file.ts'
import { formatBytes } from './format-quantity.ts'
import { usage } from './sync-parts.ts'

/** Behind the name of an archive as long as it is not whole: another run goes on with it. */
const PARTIAL = '.portolan-partial'

/** An archive that is written to a file beside its own, and takes its place when it is whole. */
export class ArchiveFile implements ArchiveOutput {
  readonly location: string
  readonly #file: string
  #written: SlicedFile | undefined

  constructor(file: string, location: string) {
    this.#file = file
    this.location = location
  }

  async isThere(head: Uint8Array, length: number): Promise<boolean> {
    const opened = await openFile(this.#file)
    if (opened === undefined) return false
    const { handle, size } = opened
    try {
      if (size !== length) return false
      const bytes = new Uint8Array(head.length)
      const { bytesRead } = await handle.read(bytes, 0, head.length, 0)
      return bytesRead === head.length && bytes.every((byte, at) => byte === head[at])
    } finally {
      await handle.close()
    }
  }

  async open(length: number): Promise<BundleStream> {
    const folder = dirname(this.#file)
    const name = `${basename(this.#file)}${PARTIAL}`
    const numberOf = (entry: string) => (entry === name ? 1 : undefined)
    this.#written = await SlicedFile.open(folder, { nameOf: () => name, numberOf, size: undefined })
    const free = await freeSpaceOf(folder)
    const more = length - this.#written.length
    if (free === undefined || free.bytes >= more) return this.#written
    const message = `${folder} has no place for ${this.location}: ${formatBytes(more)} are to come, and ${formatBytes(free.bytes)} are free`
    throw new PortolanError('FILE_UNWRITABLE', message, { folder })
  }

  async finish(): Promise<void> {
    await this.#written?.finish()
    try {
      await rename(`${this.#file}${PARTIAL}`, this.#file)
      await syncFolder(dirname(this.#file))
    } catch (error) {
      throw unwritable(this.#file, error)
    }
  }

  async close(): Promise<void> {
    await this.#written?.close()
  }
}

/**
 * An archive that goes to standard output, to be read while it is written. What has turned out to be wrong cannot be taken
 * back there: it ends in the middle then, which no reader takes for an archive.
 */
export class ArchivePipe implements ArchiveOutput, BundleStream {
  readonly location: string
  length = 0

  constructor(location: string) {
    if (process.stdout.isTTY)
      throw usage(
        `${location} writes an archive to standard output: pipe it on, as "… | ctr images import -"`,
      )
    this.location = location
  }

  async isThere(): Promise<boolean> {
    return false
  }

  async open(): Promise<BundleStream> {
    return this
  }

  async finish(): Promise<void> {}
  async close(): Promise<void> {}

  append(bytes: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.length += bytes.length
    // A copy: whoever gives bytes may use their place again before the pipe has taken them.
    process.stdout.write(bytes.slice(), (error) => {
      if (error) reject(unwritable('standard output', error))
      else resolve()
    })
    return promise
  }

  async read(): Promise<Uint8Array> {
    return new Uint8Array()
  }

  async truncate(length: number): Promise<void> {
    if (length === this.length) return
    throw new PortolanError(
      'CONTENT_INVALID',
      'what was written to standard output was wrong, and cannot be taken back: try again, or write to a file',
    )
  }
}
