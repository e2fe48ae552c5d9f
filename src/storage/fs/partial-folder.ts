import { mkdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { PortolanError } from '../../errors.ts'
import { codeOf, folderMissing } from './folder-failure.ts'
import { PARTIAL_FOLDER } from './folder-key.ts'

/** A name that nothing has: what is asked with it is only whether a rename could be. */
const NOTHING = '.portolan-nothing'

/**
 * Makes the folder in which uploads to a folder lie until they are whole; gives its path. It is never in the folder
 * itself, which a web server serves: unless `given` says where, it is `.portolan-partial/NAME` beside it. Whoever names
 * the folder otherwise, by a link, comes to the same.
 *
 * Throws `STORE_REFUSED` when what lies there could not get its name in the folder by a rename.
 */
export async function makePartialFolder(folder: string, given: string | undefined): Promise<string> {
  const root = await realpath(folder).catch((error) => {
    throw codeOf(error) === 'ENOENT' ? folderMissing(folder) : error
  })
  const partial = given ?? join(dirname(root), PARTIAL_FOLDER, basename(root))
  try {
    await mkdir(partial, { recursive: true })
  } catch (error) {
    const code = codeOf(error) ?? String(error)
    throw refused(folder, partial, `which cannot be made (${code})`)
  }
  if (isIn(await realpath(partial), root)) throw refused(folder, partial, 'which is in it, and so is served')
  if (!(await canRename(partial, root))) throw refused(folder, partial, 'which is on another file system')
  // Where they lay before, in what is served.
  await rm(join(root, PARTIAL_FOLDER), { recursive: true, force: true })
  return partial
}

function isIn(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)
}

/** Whether both are of one file system, and of one mount of it: a rename between two is refused before names are looked up. */
async function canRename(from: string, to: string): Promise<boolean> {
  const [one, other] = await Promise.all([stat(from), stat(to)])
  if (one.dev !== other.dev) return false
  return rename(join(from, NOTHING), join(to, NOTHING)).then(
    () => true,
    (error) => codeOf(error) !== 'EXDEV',
  )
}

function refused(folder: string, partial: string, why: string): PortolanError {
  return new PortolanError(
    'STORE_REFUSED',
    `${folder}: uploads lie in ${partial} until they are whole, ${why}; name another folder with fill.partial, on the same file system and not served, or fill a folder below this one`,
    { location: folder, partial },
  )
}
