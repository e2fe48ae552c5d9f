import type {
  CacheStatus,
  Eviction,
  EvictionChoice,
  ManagedCache,
  VerifyStatus,
} from '../cache/managed-cache.ts'
import { openContentCache } from '../cache/open-content-cache.ts'
import { formatSize } from '../config/byte-size.ts'
import type { CacheConfig, Config } from '../config/config.ts'
import { formatDuration } from '../config/duration.ts'
import { PortolanError } from '../errors.ts'
import { wait } from '../internal/backoff.ts'
import type { PinnedReport } from '../relay/pins/pinned-report.ts'
import { cacheFolder } from '../storage/fs/cache-folder.ts'
import { askAdmin } from './ask-admin.ts'
import { commandRuntime } from './command-runtime.ts'
import { nameOf, readConfig } from './read-config.ts'

/** What a mirror keeps, as a command sees it: by the mirror that runs, or in its folder where none does. */
export interface MirrorCache extends AsyncDisposable {
  /** Whether a mirror runs. */
  readonly running: boolean
  status(): Promise<CacheStatus>
  /** Whether all that is pinned is there; `undefined` where no mirror runs that could say. */
  pinned(): Promise<PinnedReport | undefined>
  /** Resolves when all is compared; looks after it so often, in milliseconds. */
  verify(): Promise<VerifyStatus>
  evict(choice: EvictionChoice): Promise<Eviction>
}

/** For an answer of the admin service, in milliseconds. */
const TIMEOUT = 30_000
/** Between two looks at work that takes long, in milliseconds. */
const LOOK = 250

/**
 * The cache of the mirror of a config. Throws `USAGE` where that is none, and `FILE_UNWRITABLE` where a mirror has the
 * folder that does not answer.
 */
export async function openMirrorCache(file: string): Promise<MirrorCache> {
  const config = await readConfig(file)
  const { cache } = config
  if (config.delivery !== 'relay' || cache === undefined) {
    const message = `${nameOf(file)} is no config of a mirror that keeps something: it needs "delivery: relay" and "cache"`
    throw new PortolanError('USAGE', message, { file })
  }
  const knowsAdmin = config.admin !== undefined && config.admin.port !== 0
  const running = knowsAdmin ? await runningMirror(config) : undefined
  return running ?? (await stoppedMirror(cache))
}

/** `undefined` where nobody answers. */
async function runningMirror(config: Config): Promise<MirrorCache | undefined> {
  const ask = async (path: string, method: 'GET' | 'POST' = 'GET') => {
    const { url, status, said } = await askAdmin(config, path, TIMEOUT, { method })
    if (status < 300) return said
    const why = JSON.stringify(said.errors ?? said)
    throw new PortolanError('UNREACHABLE', `${url} answered ${status}: ${why}`, { url, status })
  }
  const status = async () => {
    const said = await ask('/mirror')
    if (isStatus(said)) return said
    throw new PortolanError('UNREACHABLE', 'what answers for the admin service is none of a mirror')
  }
  try {
    await askAdmin(config, '/healthz', TIMEOUT)
  } catch (error) {
    if (error instanceof PortolanError && error.code === 'UNREACHABLE') return undefined
    throw error
  }
  return {
    running: true,
    status,
    async pinned() {
      const said = await ask('/pinned')
      return isReport(said) ? said : undefined
    },
    async verify() {
      await ask('/mirror/verify', 'POST')
      return untilVerified(status)
    },
    async evict(choice) {
      const { count = 0, bytes = 0, kept = 0 } = await ask(`/mirror/evict?${queryOf(choice)}`, 'POST')
      return { count: Number(count), bytes: Number(bytes), kept: Number(kept) }
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** The folder itself; its size is no reason to drop anything of it now. */
async function stoppedMirror({ folder, size }: CacheConfig): Promise<MirrorCache> {
  const disk = cacheFolder(folder, { runtime: commandRuntime })
  const cache: ManagedCache = await openContentCache(commandRuntime, { size: Number.MAX_SAFE_INTEGER }, disk)
  const { trouble } = cache.status()
  if (trouble !== undefined) {
    await cache[Symbol.asyncDispose]()
    throw new PortolanError('FILE_UNWRITABLE', trouble.message, { path: folder })
  }
  const status = async () => ({ ...cache.status(), size })
  return {
    running: false,
    status,
    pinned: async () => undefined,
    async verify() {
      cache.verify()
      return untilVerified(status)
    },
    evict: (choice) => cache.evict(choice),
    [Symbol.asyncDispose]: () => cache[Symbol.asyncDispose](),
  }
}

/** A service of ours says all of it or nothing. */
function isStatus(said: object): said is CacheStatus {
  return 'contents' in said && 'fills' in said && 'records' in said
}

function isReport(said: object): said is PinnedReport {
  return 'ready' in said && 'images' in said && 'missing' in said
}

async function untilVerified(status: () => Promise<CacheStatus>): Promise<VerifyStatus> {
  for (;;) {
    const { verify } = await status()
    if (verify?.ended !== undefined) return verify
    await wait(commandRuntime, LOOK)
  }
}

function queryOf({ digests = [], unusedFor, bytes }: EvictionChoice): URLSearchParams {
  const query = new URLSearchParams()
  for (const digest of digests) query.append('digest', digest)
  if (unusedFor !== undefined) query.set('unusedFor', formatDuration(unusedFor))
  if (bytes !== undefined) query.set('bytes', formatSize(bytes))
  if (query.size === 0) query.set('all', 'true')
  return query
}
