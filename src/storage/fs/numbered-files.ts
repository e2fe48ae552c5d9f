import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { NumberedFiles } from '../numbered-files.ts'
import { openFileRange } from './file-range.ts'
import { fileSize, unreadable } from './files.ts'

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
    async open(number, start, end, options) {
      const size = sizes.get(number)
      if (size === undefined) return undefined
      return openFileRange(join(folder, nameOf(number)), { ...options, size, start, end })
    },
  }
}
