import type { Runtime } from '../../runtime.ts'
import { systemClock } from '../clock.ts'
import { createHash } from '../hash.ts'
import { outboundFetch } from './outbound.ts'

/** Lends a process's own clock, chance, network (through its proxies) and hashes: Node and Bun. */
export function createNodeRuntime({ log, userAgent }: Pick<Runtime, 'log' | 'userAgent'>): Runtime {
  return {
    ...systemClock,
    fetch: outboundFetch,
    random: Math.random,
    createHash,
    log,
    userAgent,
    // A process goes on by itself.
    background() {},
  }
}
