import { read } from 'node:fs'
import { promisify } from 'node:util'
import type { FilePart } from '../../internal/file-part.ts'
import type { FileRange } from './file-range.ts'
import { contentInvalid, openFile } from './files.ts'

/** Large enough that a system call and a stream's turn cost little beside the copying, small enough for many clients. */
const CHUNK_BYTES = 128 * 1024

const readFile = promisify(read)

/** A file that somebody has opened. */
export interface LentFile {
  readonly descriptor: number
  /** Where it lies below the folder of its owner, for a server in front that sends it itself. */
  readonly path?: string
  /** Called once, when the part is not needed any more. */
  close(): void
}

/** From `start` up to, not including, `end`, in bytes. */
export interface PartRange {
  readonly start: number
  readonly end: number
}

/** Some bytes of an open file, for an answer. */
export function filePart(file: LentFile, { start, end }: PartRange): FilePart {
  let isClosed = false
  const close = () => {
    if (isClosed) return
    isClosed = true
    file.close()
  }
  const { descriptor, path } = file
  return {
    ...{ kind: 'file', descriptor, start, end, ...(path !== undefined && { path }) },
    stream: () => new ReadableStream(new PartSource(descriptor, { start, end }, close), { highWaterMark: 0 }),
    close,
  }
}

/**
 * Opens a file for the same; `undefined` when there is none. Throws `FILE_UNREADABLE`, and `CONTENT_INVALID` when it no
 * longer has `size` bytes.
 */
export async function openFilePart(
  path: string,
  range: Omit<FileRange, 'signal'>,
): Promise<FilePart | undefined> {
  const file = await openFile(path)
  if (file === undefined) return undefined
  const { handle, size } = file
  if (size !== range.size) {
    await handle.close()
    throw contentInvalid(path, `${path} has ${size} bytes; expected ${range.size}`)
  }
  // Of a file that is only read, closing loses nothing.
  return filePart({ descriptor: handle.fd, close: () => void handle.close().catch(() => {}) }, range)
}

/** Reads a part as it is asked for it. */
class PartSource {
  readonly #descriptor: number
  readonly #end: number
  readonly #close: () => void
  #position: number
  #isReading = false
  #isCancelled = false

  constructor(descriptor: number, { start, end }: PartRange, close: () => void) {
    this.#descriptor = descriptor
    this.#position = start
    this.#end = end
    this.#close = close
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      if (this.#position < this.#end) controller.enqueue(await this.#read())
      if (this.#position < this.#end) return
      this.#close()
      controller.close()
    } catch (error) {
      this.#close()
      // Whoever has given up is told nothing.
      if (!this.#isCancelled) throw error
    }
  }

  cancel(): void {
    this.#isCancelled = true
    // Its number could be another file's while it is still read.
    if (!this.#isReading) this.#close()
  }

  async #read(): Promise<Uint8Array> {
    const left = this.#end - this.#position
    const bytes = new Uint8Array(Math.min(CHUNK_BYTES, left))
    this.#isReading = true
    const { bytesRead } = await readFile(this.#descriptor, bytes, 0, bytes.length, this.#position).finally(
      () => {
        this.#isReading = false
      },
    )
    if (bytesRead === 0) throw new Error(`a file ends ${left} bytes before what was promised of it`)
    this.#position += bytesRead
    return bytes.subarray(0, bytesRead)
  }
}
