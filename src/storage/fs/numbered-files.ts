import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openFileRange } from './file-range.ts'
import { fileSize, unreadable } from './files.ts'

/** Files of a folder that are known by numbers, such as the parts of a bundle; read, and never written. */
export interface NumberedFiles {
  /** The folder. */
  readonly location: string
  /** By number: how many bytes each file has. */
  readonly sizes: ReadonlyMap<number, number>
  /**
   * Some bytes of a file, `undefined` when it is not there. Throws `FILE_UNREADABLE`, and `CONTENT_INVALID` when it has
   * another length by now.
   */
  open(
    number: number,
    start: number,
    end: number,
    signal?: AbortSignal,
  ): Promise<ReadableStream<Uint8Array> | undefined>
}

/** How files are called. */
export interface FileNumbering {
  readonly nameOf: (number: number) => string
  /** `undefined` for a name that is none of theirs. */
  readonly numberOf: (name: string) => number | undefined
}

/** Finds the files of a folder that have numbers, in whatever order the folder lists them. Throws `FILE_UNREADABLE`. */
export async function openNumberedFiles(
  folder: string,
  { nameOf, numberOf }: FileNumbering,
): Promise<NumberedFiles> {
  const names = await readdir(folder).catch((error) => {
    throw unreadable(folder, error)
  })
  const sizes = new Map<number, number>()
  for (const name of names) {
    const number = numberOf(name)
    const size = number === undefined ? undefined : await fileSize(join(folder, name))
    if (number !== undefined && size !== undefined) sizes.set(number, size)
  }
  return {
    location: folder,
    sizes,
    async open(number, start, end, signal) {
      const size = sizes.get(number)
      if (size === undefined) return undefined
      return openFileRange(join(folder, nameOf(number)), { size, start, end, signal })
    },
  }
}
