import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TAR_END, tarHeader, tarPadding } from '../../src/internal/tar.ts'

/** One entry of an archive as it is made for a test; `header` instead of the one that belongs to it. */
export interface TarredFile {
  readonly path: string
  readonly bytes: Uint8Array
  readonly header?: Uint8Array
}

/** A tar archive of these files, in this order. */
export function makeTar(files: readonly TarredFile[]): Buffer {
  const pieces = files.flatMap(({ path, bytes, header }) => [
    header ?? tarHeader({ path, size: bytes.length }),
    bytes,
    tarPadding(bytes.length),
  ])
  return Buffer.concat([...pieces, TAR_END])
}

/** All files of a folder, by their paths in it, as entries of an archive. */
export async function filesToTar(folder: string): Promise<TarredFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  return Promise.all(
    paths.sort().map(async (path) => ({ path: path.slice(folder.length + 1), bytes: await readFile(path) })),
  )
}

/** The same header with other bytes from a place on, and a sum that is right. */
export function alterHeader(header: Uint8Array, at: number, bytes: string | Uint8Array): Uint8Array {
  const altered = Buffer.from(header)
  altered.set(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, at)
  altered.fill(0x20, 148, 156)
  const sum = altered.reduce((total, byte) => total + byte, 0)
  altered.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return altered
}
