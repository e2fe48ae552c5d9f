import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Fetch, Hash, HashAlgorithm, Runtime } from '../../runtime.ts'
import { silentLog } from '../../telemetry/log.ts'
import { systemClock } from '../clock.ts'

export interface WorkerRuntimeOptions extends Partial<Pick<Runtime, 'log' | 'userAgent'>> {
  /** Keeps a worker alive for work that goes on after its answer: `context.waitUntil` of the request at hand. */
  readonly waitUntil: (work: Promise<unknown>) => void
}

/** Lends what a worker has: no disk, no sockets, and hashes in JavaScript, since the web's own cannot hash a stream. */
export function createWorkerRuntime({
  log = silentLog,
  userAgent = 'portolan',
  waitUntil,
}: WorkerRuntimeOptions): Runtime {
  return {
    ...systemClock,
    fetch: fetchUncached,
    random: Math.random,
    createHash,
    log,
    userAgent,
    background: waitUntil,
  }
}

/** What Cloudflare keeps of a store's answers says nothing of the store. */
export const fetchUncached: Fetch = (url, init) => fetch(url, { ...init, cache: 'no-store' })

const ALGORITHMS = { sha256, sha512 } as const

function createHash(algorithm: HashAlgorithm): Hash {
  const hash = ALGORITHMS[algorithm].create()
  return {
    update(bytes) {
      hash.update(bytes)
    },
    hex: () => bytesToHex(hash.digest()),
  }
}
