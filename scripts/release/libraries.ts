import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describeHeader } from '../build/executable-header.ts'
import { headOf } from '../build/executables.ts'

/** A file and where it has to lie; below `/usr/share/` it is text. */
export interface LibraryFile {
  /** Absolute. */
  readonly path: string
  readonly bytes: Uint8Array
}

/** What glibc loads when a name is looked up, though no program is linked with it; a newer glibc has it inside. */
const ON_DEMAND = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2']

/** Where Debian has the licences of glibc, of which all of them are. */
const COPYRIGHT = '/usr/share/doc/libc6/copyright'

/**
 * The loader and the libraries of this machine that an executable of it needs, by asking the loader itself, and their
 * licences where this machine has them. Throws an `Error` where one is not there, or the executable is of another system.
 */
export function librariesOf(executable: string): LibraryFile[] {
  const loader = /^ELF .*, loaded by (\/.*)$/.exec(describeHeader(headOf(executable)))?.[1]
  if (loader === undefined || !existsSync(loader)) {
    throw new Error(`${executable} is not of this machine: it needs ${loader ?? 'another system'}`)
  }
  const listed = execFileSync(loader, ['--list', executable], { encoding: 'utf8' })
  const paths = new Set([loader])
  for (const line of listed.split('\n')) {
    const [, name, path] = /^\s*(\S+) => (\S+)/.exec(line) ?? []
    if (path === undefined) continue
    if (!path.startsWith('/'))
      throw new Error(`${executable} needs ${name}, which this machine does not have`)
    paths.add(path)
  }
  const libc = [...paths].find((path) => /\/libc\.so\b/.test(path))
  for (const name of libc === undefined ? [] : ON_DEMAND) {
    const path = join(dirname(libc!), name)
    if (existsSync(path)) paths.add(path)
  }
  if (existsSync(COPYRIGHT)) paths.add(COPYRIGHT)
  return [...paths].sort().map((path) => ({ path, bytes: readFileSync(path) }))
}
