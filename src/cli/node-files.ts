import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { NodeFiles } from '../migrate/node-check/node-files.ts'
import type { NotRead } from '../migrate/sarif.ts'
import { systemReason } from './walk-files.ts'

/** Settings are short; a longer file is none. */
const BYTES_MAX = 1024 * 1024
/** As many as Linux follows before it says ELOOP. */
const LINKS_MAX = 40

/** The files of a machine, and what could not be read of them so far. */
export interface MachineFiles extends NodeFiles {
  readonly notRead: readonly NotRead[]
  /** When what is read there came to be as it is, be it a link to something older; `undefined` where nothing is. */
  changedAt(path: string): Date | undefined
  /** Where a path of the machine is on this one; links lead to where they would on that machine. */
  locate(path: string): string
}

/**
 * The files of the machine whose root is a folder: absolute links are taken from that root, so that a copy of a node's
 * files, or a mounted image, reads as the node itself does. Files longer than 1 MiB are not read.
 */
export function createMachineFiles(root: string): MachineFiles {
  const notRead = new Map<string, NotRead>()
  const locate = (path: string) => join(root, followLinks(root, path))
  const attempt = <Result>(path: string, otherwise: Result, work: (at: string) => Result): Result => {
    try {
      return work(locate(path))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'ENOTDIR') notRead.set(path, { path, reason: systemReason(error) })
      return otherwise
    }
  }
  return {
    locate,
    get notRead() {
      return [...notRead.values()]
    },
    read: (path) =>
      attempt(path, undefined, (at) => {
        const stats = statSync(at)
        if (!stats.isFile()) return undefined
        if (stats.size > BYTES_MAX) throw new Error(`it is longer than ${BYTES_MAX / 1024 / 1024} MiB`)
        return readFileSync(at, 'utf8')
      }),
    changedAt(path) {
      try {
        const link = join(locate(posix.dirname(path)), posix.basename(path))
        // What is copied may keep the time of its content: that of its entry is the system's own.
        return new Date(Math.max(lstatSync(link).ctimeMs, statSync(locate(path)).ctimeMs))
      } catch {
        return undefined
      }
    },
    list: (folder) => attempt(folder, [], (at) => readdirSync(at).sort()),
  }
}

/** A path without links, as a process would see it whose root is `root`. */
function followLinks(root: string, path: string): string {
  let left = path.split('/')
  let links = 0
  let at = '/'
  while (left.length > 0) {
    const [part, ...rest] = left as [string, ...string[]]
    left = rest
    if (part === '' || part === '.') continue
    const next = posix.join(at, part)
    if (!lstatSync(join(root, next), { throwIfNoEntry: false })?.isSymbolicLink()) {
      at = next
      continue
    }
    if (++links > LINKS_MAX) throw new Error('its links lead nowhere')
    const target = readlinkSync(join(root, next))
    if (target.startsWith('/')) at = '/'
    left = [...target.split('/'), ...left]
  }
  return at
}
