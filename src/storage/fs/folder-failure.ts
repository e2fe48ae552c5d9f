import { PortolanError } from '../../errors.ts'
import type { Action } from '../driver/failure.ts'

/** Faults of the medium: the folder did not say no, it did not answer. */
const NO_ANSWER = ['EIO', 'ESTALE', 'ETIMEDOUT', 'EHOSTDOWN', 'ENXIO', 'ENODEV']

const ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'the user that this runs as needs permission there',
  EPERM: 'the user that this runs as needs permission there',
  EROFS: 'the file system is mounted read-only',
  ENOSPC: 'there is no space left',
  EDQUOT: 'the quota is used up',
  ENOTDIR: 'a part of the key is a file there',
  EISDIR: 'the key is a folder there',
  ENOTEMPTY: 'the key is a folder there',
  ENAMETOOLONG: 'the name is too long for the file system',
}

/** The system's error code, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}

/** Turns an error of the file system into a PortolanError that names the folder, the key and what to do. */
export function folderError(folder: string, action: Action, key: string, error: unknown): PortolanError {
  const isOurs = error instanceof PortolanError
  if (isOurs && error.code !== 'FILE_UNREADABLE') return error
  const code = codeOf(isOurs ? error.cause : error) ?? String(error)
  const advice = ADVICE[code] === undefined ? '' : `; ${ADVICE[code]}`
  return new PortolanError(
    NO_ANSWER.includes(code) ? 'UNREACHABLE' : 'STORE_REFUSED',
    `${folder}: cannot ${action} ${JSON.stringify(key)}: ${code}${advice}`,
    { location: folder, key, reason: code },
    error,
  )
}

/** `STORE_REFUSED`: made on the fly, a folder that is not mounted would swallow all that is stored. */
export function folderMissing(folder: string): PortolanError {
  return new PortolanError('STORE_REFUSED', `${folder} is not a folder; mount or create it`, {
    location: folder,
  })
}
