import { lstat, mkdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PortolanError } from '../../errors.ts'
import { codeOf } from './folder-failure.ts'

/** What the folder of uploads of a folder of this name is called, beside it. */
export function partialFolderName(folder: string): string {
  return `.${basename(folder)}.portolan-partial`
}

/**
 * The folder in which uploads to a folder lie until they are whole, made if need be. It is beside the folder and not in
 * it, since that one is served; on the same file system, so that renaming moves no bytes; and of a name that follows from
 * the folder's, so that all who write there find each other. Throws `STORE_REFUSED` where there can be none.
 */
export async function openPartialFolder(folder: string): Promise<string> {
  const real = await realpath(folder)
  const above = dirname(real)
  const partial = join(above, partialFolderName(real))
  const [inner, outer] = await Promise.all([stat(real), stat(above)])
  if (above === real || inner.dev !== outer.dev) {
    const what = 'it is mounted there; name a folder below the mount instead, such as'
    throw refused(folder, `${what} ${join(folder, 'store')}, in fill.folder and in what serves it`)
  }
  try {
    await mkdir(partial, { recursive: true })
  } catch (error) {
    throw refused(
      folder,
      `${partial} cannot be made (${codeOf(error)}); make it for the user that this runs as`,
    )
  }
  if ((await lstat(partial)).isSymbolicLink()) throw refused(folder, `${partial} is a symbolic link`)
  return partial
}

function refused(folder: string, why: string): PortolanError {
  const message = `${folder}: what is on its way there needs a folder beside it, which is not served: ${why}`
  return new PortolanError('STORE_REFUSED', message, { location: folder })
}
