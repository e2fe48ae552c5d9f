import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { posix } from 'node:path'
import type { Config } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'

/** Systems on which several processes can listen on one port, each with its share of the connections. */
const SHARE_PORTS: readonly NodeJS.Platform[] = ['linux', 'freebsd', 'sunos', 'aix']

/**
 * How many processes are to answer clients: so many, or as many as may run at once. Throws `USAGE` for several where they
 * cannot share a port.
 */
export function workersOn(platform: NodeJS.Platform, wanted: number | 'auto', cores: () => number): number {
  if (SHARE_PORTS.includes(platform)) return wanted === 'auto' ? cores() : wanted
  if (wanted === 'auto' || wanted === 1) return 1
  throw new PortolanError(
    'USAGE',
    `--workers ${wanted}: on ${platform} only one process can have a port; use 1`,
  )
}

/** The same of a config, since a mirror's cache belongs to one process. Throws `USAGE` for several where there is one. */
export function workersFor({ cache }: Pick<Config, 'cache'>, wanted: number | 'auto'): number | 'auto' {
  if (cache === undefined || wanted === 1) return wanted
  if (wanted === 'auto') return 1
  const message = `--workers ${wanted}: the cache in ${cache.folder} belongs to one process; use 1, or auto`
  throw new PortolanError('USAGE', message)
}

/** How many processors this process may use at once: those it may run on, or fewer where its cgroup has less time. */
export function usableCores(): number {
  return coresWithin(availableParallelism(), readText)
}

/**
 * The same of so many processors, as far as the files of cgroup v2 leave them: of 1.5 one is used, since a second process
 * would stand still half of the time. Not every runtime looks there itself.
 */
export function coresWithin(processors: number, read: (path: string) => string | undefined): number {
  const path = /^0::(\/.*)$/m.exec(read('/proc/self/cgroup') ?? '')?.[1]
  if (path === undefined) return processors
  let least = processors
  // A limit of any group above holds too.
  for (let group = path; ; group = posix.dirname(group)) {
    const [quota, period] = (read(posix.join('/sys/fs/cgroup', group, 'cpu.max')) ?? 'max').trim().split(' ')
    if (quota !== 'max' && Number(quota) > 0 && Number(period) > 0) {
      least = Math.min(least, Math.floor(Number(quota) / Number(period)))
    }
    if (group === '/') return Math.max(1, least)
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
