import { join } from 'node:path'
import { PortolanError } from '../../errors.ts'

/**
 * The file of a key below a folder. Throws `STORE_REFUSED` for a key that would lie outside of the folder, or under
 * another name on some system.
 */
export function keyFile(folder: string, key: string): string {
  const segments = key.split('/')
  const fault = segments.some((segment) => segment === '' || segment === '.' || segment === '..')
    ? 'an empty, "." or ".." segment'
    : /[\0\\]/.test(key)
      ? 'a NUL or a backslash'
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
