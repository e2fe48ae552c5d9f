import { join } from 'node:path'
import { PortolanError } from '../../errors.ts'

/** Of folders in which uploads lie until they are whole. */
export const PARTIAL_FOLDER = '.portolan-partial'

/**
 * The file of a key below a folder. Throws `STORE_REFUSED` for a key that would lie outside of the folder, among
 * uploads, or under another name on some system.
 */
export function keyFile(folder: string, key: string): string {
  const segments = key.split('/')
  const fault = segments.some((segment) => segment === '' || segment === '.' || segment === '..')
    ? 'an empty, "." or ".." segment'
    : /[\0\\]/.test(key)
      ? 'a NUL or a backslash'
      : segments[0] === PARTIAL_FOLDER
        ? `the folder of uploads, ${PARTIAL_FOLDER}`
        : undefined
  if (fault === undefined) return join(folder, ...segments)
  throw new PortolanError(
    'STORE_REFUSED',
    `${folder} cannot keep the key ${JSON.stringify(key)}: it has ${fault}`,
    {
      location: folder,
      key,
    },
  )
}
