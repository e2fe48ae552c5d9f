import { basename } from 'node:path'
import type { PortolanError } from '../../errors.ts'
import { readPax, readTarBlock, TAR_BLOCK, type TarEntry, tarPadding } from '../../internal/tar.ts'
import { type FileRange, openFileRange } from './file-range.ts'
import { contentInvalid, type OpenFile, openFile, unreadable } from './files.ts'
import { LAYOUT_FILES, type LayoutFiles } from './layout-files.ts'

/** Where the bytes of an entry are in an archive. */
interface ArchivedFile {
  readonly offset: number
  readonly size: number
}

/** Far more than any image needs; a list of them is in memory. */
const ENTRIES_MAX = 1_000_000
/** Of one extended header, which says a name and a size. */
const EXTENDED_MAX_BYTES = 64 * 1024
/** What packed archives begin with, and what unpacks them. */
const PACKED = [
  { with: 'gzip', bytes: [0x1f, 0x8b], by: 'gunzip' },
  { with: 'zstd', bytes: [0x28, 0xb5, 0x2f, 0xfd], by: 'zstd -d' },
  { with: 'xz', bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a], by: 'unxz' },
  { with: 'bzip2', bytes: [0x42, 0x5a, 0x68], by: 'bunzip2' },
] as const
const CONTENT = /^blobs\/[a-z0-9]+(?:[+._-][a-z0-9]+)*\/[a-zA-Z0-9=_-]+$/

/**
 * The files of an image layout in a tar archive, such as `skopeo copy … oci-archive:FILE`, `podman save` and `docker save`
 * write. The headers are read once, and then of the bytes what is asked for, where it lies: nothing is unpacked, and no
 * name in the archive becomes a path. What is no part of a layout is passed by.
 */
export class ArchiveFiles implements LayoutFiles {
  readonly location: string
  readonly #size: number
  readonly #files: ReadonlyMap<string, ArchivedFile>

  private constructor(file: string, size: number, files: ReadonlyMap<string, ArchivedFile>) {
    this.location = file
    this.#size = size
    this.#files = files
  }

  /** Reads the headers of an archive. Throws `FILE_UNREADABLE`, and `CONTENT_INVALID` for one that is cut off or has links. */
  static async open(file: string): Promise<ArchiveFiles> {
    const opened = await openFile(file)
    if (opened === undefined) throw unreadable(file, new Error('there is no such file'))
    try {
      const reading = new HeaderReading(file, opened)
      await reading.readAll()
      return new ArchiveFiles(file, opened.size, reading.files)
    } finally {
      await opened.handle.close()
    }
  }

  nameOf(path: string): string {
    return `${path} in ${this.location}`
  }

  async read(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const found = this.#files.get(path)
    if (found === undefined) return undefined
    const { size } = found
    if (size > maxBytes)
      throw contentInvalid(
        this.location,
        `${this.nameOf(path)} has ${size} bytes; expected at most ${maxBytes}`,
      )
    const body = await this.open(path, { size, start: 0, end: size })
    return (
      body &&
      new Uint8Array(await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer())
    )
  }

  async size(path: string): Promise<number | undefined> {
    return this.#files.get(path)?.size
  }

  async open(
    path: string,
    { size, start, end, signal }: FileRange,
  ): Promise<ReadableStream<Uint8Array> | undefined> {
    const found = this.#files.get(path)
    if (found === undefined) return undefined
    if (found.size !== size)
      throw contentInvalid(this.location, `${this.nameOf(path)} has ${found.size} bytes; expected ${size}`)
    const { offset } = found
    return openFileRange(this.location, {
      size: this.#size,
      start: offset + start,
      end: offset + end,
      signal,
    })
  }
}

/** Goes from header to header of an archive, and notes where the files of a layout are. */
class HeaderReading {
  readonly files = new Map<string, ArchivedFile>()
  readonly #file: string
  readonly #opened: OpenFile
  #isOldArchive = false

  constructor(file: string, opened: OpenFile) {
    this.#file = file
    this.#opened = opened
  }

  async readAll(): Promise<void> {
    const { size } = this.#opened
    let extended: Partial<TarEntry> = {}
    let entries = 0
    for (let position = 0; position < size; ) {
      const bytes = await this.#take(position, TAR_BLOCK)
      if (position === 0) this.#refusePacked(bytes)
      const block = readTarBlock(bytes, this.#file)
      if (block.kind === 'end') break
      if (++entries > ENTRIES_MAX) throw this.#invalid(`it has more than ${ENTRIES_MAX} entries`)
      const start = position + TAR_BLOCK
      let { size: length } = block
      if (block.kind === 'file' || block.kind === 'other') {
        const entry = { ...block, ...extended }
        if (block.kind === 'file') length = entry.size
        if (start + length > size)
          throw this.#invalid(`it ends in the middle of ${JSON.stringify(entry.path)}: was it copied whole?`)
        this.#note(entry, block.kind === 'file', start)
        extended = {}
      } else if (block.kind !== 'aside') {
        extended = { ...extended, ...(await this.#extension(block.kind, start, length)) }
      }
      position = start + length + tarPadding(length).length
    }
    if (this.files.has(LAYOUT_FILES.index)) return
    throw this.#invalid(
      this.#isOldArchive
        ? 'it is what docker save wrote before Docker 25 (a docker-archive), and no image layout'
        : `it is no image layout: it has no ${LAYOUT_FILES.index}`,
    )
  }

  #note({ path, size }: TarEntry, isFile: boolean, offset: number): void {
    const name = path.replace(/^(?:\.\/)+/, '')
    if (name === 'manifest.json') this.#isOldArchive = true
    const isList = name === LAYOUT_FILES.index || name === LAYOUT_FILES.layout
    if (!isList && !CONTENT.test(name)) return
    if (!isFile) throw this.#invalid(`${JSON.stringify(path)} is no file in it: links are not followed`)
    const before = this.files.get(name)
    if (before !== undefined && (isList || before.size !== size))
      throw this.#invalid(`${JSON.stringify(path)} is in it twice`)
    if (before === undefined) this.files.set(name, { offset, size })
  }

  /** What is said of the next entry: by POSIX's records, or by GNU's name alone. */
  async #extension(kind: 'pax' | 'name', start: number, size: number): Promise<Partial<TarEntry>> {
    if (size > EXTENDED_MAX_BYTES)
      throw this.#invalid(`an extended header has ${size} bytes; expected at most ${EXTENDED_MAX_BYTES}`)
    const bytes = await this.#take(start, size)
    if (kind === 'pax') return readPax(bytes, this.#file)
    return { path: new TextDecoder().decode(bytes).split('\0', 1)[0]! }
  }

  async #take(position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length)
    const { bytesRead } = await this.#opened.handle.read(bytes, 0, length, position).catch((error) => {
      throw unreadable(this.#file, error)
    })
    if (bytesRead < length) throw this.#invalid('it ends in the middle of a header: was it copied whole?')
    return bytes
  }

  #refusePacked(bytes: Uint8Array): void {
    const packed = PACKED.find((each) => each.bytes.every((byte, at) => bytes[at] === byte))
    if (packed === undefined) return
    throw this.#invalid(
      `it is compressed by ${packed.with}, and is read where things lie in it: ${packed.by} ${basename(this.#file)}`,
    )
  }

  #invalid(what: string): PortolanError {
    return contentInvalid(this.#file, `${this.#file}: ${what}`)
  }
}
