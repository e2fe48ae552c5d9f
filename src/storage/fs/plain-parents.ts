import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { PortolanError } from '../../errors.ts'
import { codeOf } from './folder-failure.ts'

/**
 * Throws `STORE_REFUSED` when a folder on the way from the root to a key is a symbolic link, which leads to where keys
 * must not; the root itself may be one. Folders that are not there yet are no links.
 */
export async function requirePlainParents(root: string, key: string): Promise<void> {
  const parents = key.split('/').slice(0, -1)
  for (let depth = 1; depth <= parents.length; depth++) {
    if (!(await requireNoLink(root, parents.slice(0, depth).join('/')))) return
  }
}

/** False when there is nothing of that name. */
async function requireNoLink(root: string, folder: string): Promise<boolean> {
  try {
    if (!(await lstat(join(root, folder))).isSymbolicLink()) return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
  throw new PortolanError(
    'STORE_REFUSED',
    `${root}: ${JSON.stringify(folder)} is a symbolic link; a store follows none below its folder: mount there, or make a folder of it`,
    { location: root, key: folder },
  )
}
