import { constants } from 'node:fs'
import { type FileHandle, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileSize, syncFolder, unreadable } from './files.ts'
import { makeFolder, unwritable } from './workspace-file.ts'

/** What is on its way to the disk while more comes. */
const BUFFER_BYTES = 1024 * 1024
const BUSY = 'another process writes it, too'

/** How the files of a sliced file are called, and how large they are. */
export interface Slicing {
  /** By number, from 1 on. */
  readonly nameOf: (number: number) => string
  /** The number of a file by its name; `undefined` for one that is no slice. */
  readonly numberOf: (name: string) => number | undefined
  /** Bytes of every slice but the last; `undefined` for one slice of any length. */
  readonly size: number | undefined
}

/**
 * Files of a folder that are the consecutive slices of one: written at its end, read anywhere. All of it throws
 * `FILE_UNWRITABLE` and `FILE_UNREADABLE`.
 */
export class SlicedFile {
  readonly #folder: string
  readonly #slicing: Slicing
  readonly #handles = new Map<number, FileHandle>()
  #length: number
  readonly #buffer = new Uint8Array(BUFFER_BYTES)
  #writing: Promise<void> = Promise.resolve()

  private constructor(folder: string, slicing: Slicing, length: number) {
    this.#folder = folder
    this.#slicing = slicing
    this.#length = length
  }

  /**
   * Opens what is there, or an empty one; the folder is made. Throws `FILE_UNREADABLE` when a slice is missing or has
   * another length than it should have.
   */
  static async open(folder: string, slicing: Slicing): Promise<SlicedFile> {
    await makeFolder(folder)
    const numbers = await numbersIn(folder, slicing)
    const gap = numbers.findIndex((number, index) => number !== index + 1)
    if (gap >= 0) {
      const file = join(folder, slicing.nameOf(gap + 1))
      throw unreadable(file, new Error('it is not there, though there are later parts'))
    }
    let length = 0
    for (const number of numbers) {
      const file = join(folder, slicing.nameOf(number))
      const size = await fileSize(file)
      const isLast = number === numbers.length
      const most = slicing.size ?? (isLast ? Number.MAX_SAFE_INTEGER : 0)
      if (size === undefined || size > most || (!isLast && size < most))
        throw unreadable(file, new Error(`it has ${size} bytes; expected ${most}`))
      length += size
    }
    return new SlicedFile(folder, slicing, length)
  }

  /** Bytes of all slices together. */
  get length(): number {
    return this.#length
  }

  /**
   * Takes bytes over, and writes them while the next ones are gathered: when that fails, whatever is asked for next does.
   */
  async append(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length; offset += BUFFER_BYTES) {
      const piece = bytes.subarray(offset, offset + BUFFER_BYTES)
      await this.#writing
      this.#buffer.set(piece)
      const start = this.#length
      this.#length += piece.length
      this.#writing = this.#write(this.#buffer.subarray(0, piece.length), start)
      this.#writing.catch(() => {})
    }
  }

  async #write(bytes: Uint8Array, from: number): Promise<void> {
    for (let offset = 0; offset < bytes.length; ) {
      const { number, start, left } = this.#sliceAt(from + offset)
      const count = Math.min(bytes.length - offset, left)
      const file = this.#fileOf(number)
      try {
        const handle = await this.#handle(number)
        await this.#refuseOthers(handle, start)
        const { bytesWritten } = await handle.write(bytes, offset, count, start)
        offset += bytesWritten
      } catch (error) {
        throw unwritable(file, error)
      }
      // What is full is not touched again: it may be carried away.
      if (this.#sliceAt(from + offset).number !== number) await this.#finish(number)
    }
  }

  /** Up to `end`, or fewer bytes when there are no more; in `into` where that is given and large enough. */
  async read(start: number, end: number, into?: Uint8Array): Promise<Uint8Array> {
    await this.#writing
    const wanted = Math.max(0, Math.min(end, this.#length) - start)
    const fits = into !== undefined && into.length >= wanted
    const bytes = fits ? into.subarray(0, wanted) : new Uint8Array(wanted)
    for (let filled = 0; filled < wanted; ) {
      const { number, start: position, left } = this.#sliceAt(start + filled)
      const file = this.#fileOf(number)
      const handle = await this.#handle(number)
      const { bytesRead } = await handle
        .read(bytes, filled, Math.min(left, wanted - filled), position)
        .catch((error) => {
          throw unreadable(file, error)
        })
      if (bytesRead === 0) throw unreadable(file, new Error('it shrank while it was read'))
      filled += bytesRead
    }
    return bytes
  }

  /** Cuts it off; slices behind are deleted, the last of them first. */
  async truncate(length: number): Promise<void> {
    await this.#writing
    const { number: kept, start } = this.#sliceAt(length)
    const numbers = await numbersIn(this.#folder, this.#slicing)
    const last = this.#sliceAt(this.#length)
    try {
      if (numbers.some((number) => number > last.number)) throw new Error(BUSY)
      if (numbers.includes(last.number)) await this.#refuseOthers(await this.#handle(last.number), last.start)
    } catch (error) {
      throw unwritable(this.#fileOf(last.number), error)
    }
    const isBehind = (number: number) => number > kept || (number === kept && start === 0)
    for (const number of numbers.filter(isBehind).reverse()) {
      await this.#close(number)
      await rm(this.#fileOf(number), { force: true }).catch((error) => {
        throw unwritable(this.#fileOf(number), error)
      })
    }
    if (numbers.includes(kept) && start > 0) {
      await (await this.#handle(kept)).truncate(start).catch((error) => {
        throw unwritable(this.#fileOf(kept), error)
      })
    }
    this.#length = length
  }

  /** Makes all of it outlive a crash of the machine, and closes it. */
  async finish(): Promise<void> {
    await this.#writing
    for (const number of [...this.#handles.keys()]) await this.#finish(number)
    await syncFolder(this.#folder).catch((error) => {
      throw unwritable(this.#folder, error)
    })
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => {})
    for (const number of [...this.#handles.keys()]) await this.#close(number)
  }

  /** What is longer or shorter than we have made it is written by somebody else, too: that would spoil both. */
  async #refuseOthers(handle: FileHandle, length: number): Promise<void> {
    if ((await handle.stat()).size !== length) throw new Error(BUSY)
  }

  #sliceAt(position: number): { readonly number: number; readonly start: number; readonly left: number } {
    const { size } = this.#slicing
    if (size === undefined) return { number: 1, start: position, left: Number.MAX_SAFE_INTEGER }
    const start = position % size
    return { number: Math.floor(position / size) + 1, start, left: size - start }
  }

  #fileOf(number: number): string {
    return join(this.#folder, this.#slicing.nameOf(number))
  }

  async #handle(number: number): Promise<FileHandle> {
    const before = this.#handles.get(number)
    if (before !== undefined) return before
    const file = this.#fileOf(number)
    const handle = await open(file, constants.O_RDWR | constants.O_CREAT, 0o644).catch((error) => {
      throw unwritable(file, error)
    })
    this.#handles.set(number, handle)
    return handle
  }

  async #finish(number: number): Promise<void> {
    await this.#handles
      .get(number)
      ?.sync()
      .catch((error) => {
        throw unwritable(this.#fileOf(number), error)
      })
    await this.#close(number)
  }

  async #close(number: number): Promise<void> {
    const handle = this.#handles.get(number)
    this.#handles.delete(number)
    await handle?.close()
  }
}

async function numbersIn(folder: string, { numberOf }: Slicing): Promise<number[]> {
  const names = await readdir(folder).catch((error) => {
    throw unreadable(folder, error)
  })
  return names
    .map(numberOf)
    .filter((number) => number !== undefined)
    .sort((one, other) => one - other)
}
