import { lookup } from 'node:dns/promises'
import type { Runtime } from '../../runtime.ts'
import { systemClock } from '../clock.ts'
import { createHash } from '../hash.ts'
import { outboundFetch } from './outbound.ts'
import { nodeSockets } from './sockets.ts'

/** Lends a process's own clock, chance, network (through its proxies) and hashes: Node and Bun. */
export function createNodeRuntime({ log, userAgent }: Pick<Runtime, 'log' | 'userAgent'>): Runtime {
  return {
    ...systemClock,
    fetch: outboundFetch,
    random: Math.random,
    createHash,
    sockets: nodeSockets,
    log,
    userAgent,
    ...(!usesProxy() && { lookup: addressesOf }),
    // A process goes on by itself.
    background() {},
  }
}

/** Behind a proxy it is the proxy that resolves names, and this machine may not be able to. */
function usesProxy(): boolean {
  const { env, execArgv, versions } = process
  const asked = env.NODE_USE_ENV_PROXY === '1' || execArgv.includes('--use-env-proxy')
  const names = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY']
  return (asked || versions.bun !== undefined) && names.some((name) => (env[name] ?? '') !== '')
}

async function addressesOf(hostname: string): Promise<readonly string[]> {
  return (await lookup(hostname, { all: true })).map(({ address }) => address)
}
