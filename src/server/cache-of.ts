import type { ManagedCache } from '../cache/managed-cache.ts'
import type { Config } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import type { DoorRuntime } from './runtime.ts'

/** Opens the cache of a mirror; `undefined` where nothing is kept. Throws `USAGE` where the runtime cannot be a mirror. */
export async function openCache(
  { delivery, cache }: Config,
  { openCache: open, partOf }: DoorRuntime,
): Promise<ManagedCache | undefined> {
  if (delivery !== 'relay') return undefined
  if (partOf === undefined) {
    const message = 'delivery: relay needs a process: this runtime can redirect clients, and be no mirror'
    throw new PortolanError('USAGE', message)
  }
  if (cache === undefined) return undefined
  if (open !== undefined) return open(cache)
  throw new PortolanError('USAGE', `a cache such as ${cache.folder} needs a disk, which this runtime has not`)
}

/** Throws `CONFIG_INVALID` when a config cannot be put in force in place of another without a new process. */
export function checkSameMirror(before: Config, next: Config): void {
  for (const [path, read] of FIXED) {
    if (read(before) === read(next)) continue
    const message = `${path} cannot change while the service runs: restart it`
    throw new PortolanError('CONFIG_INVALID', message, { path })
  }
}

/** What is pinned may change, of all that says how a mirror keeps things. */
const FIXED: readonly (readonly [path: string, read: (config: Config) => unknown])[] = [
  ['delivery', ({ delivery }) => delivery],
  ['cache.folder', ({ cache }) => cache?.folder],
  ['cache.size', ({ cache }) => cache?.size],
  ['cache.scrub', ({ cache }) => cache?.scrub],
]

/** Of a runtime without a disk, where no cache can be. */
export function noParts(): never {
  throw new TypeError('a cache was opened where there are no files')
}
