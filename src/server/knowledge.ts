import type { PresenceConfig } from '../config/config.ts'
import type { OciRequest } from '../oci/path.ts'
import type { InventoryShelf } from '../presence/inventory-shelf.ts'
import { type BackendPresence, createBackendPresence, type PresenceStatistics } from '../presence/presence.ts'
import { type Finding, presenceKey, probeBackend } from '../presence/probe.ts'
import type { Backend, Store } from '../routing/backend.ts'
import type { Listed, Verdict } from '../routing/decide.ts'
import type { Clock, Fetch } from '../runtime.ts'

export interface KnowledgeOptions {
  readonly fetch: () => Fetch
  readonly clock: Clock
  /** What stores list of themselves; it goes before what was asked of them, but not before a distrust. */
  readonly inventories: Pick<InventoryShelf, 'verdict' | 'listed'>
  /** Told of every probe that ended: what it found, and how many milliseconds it took. */
  readonly onFinding: (backend: Backend, request: OciRequest, finding: Finding, milliseconds: number) => void
}

/** What is known of what backends hold. */
export interface Knowledge {
  known(backend: Backend, request: OciRequest): Verdict | undefined
  has(backend: Backend, request: OciRequest): Verdict | Promise<Verdict>
  /** What is listed of a content that a store is known to hold. */
  listed(store: Store, request: OciRequest): Listed | undefined
  /** Takes what a request asks for as unusable at a backend for `milliseconds`. */
  distrust(backend: Backend, request: OciRequest, milliseconds: number): void
  /** Believes nothing any more that a backend was taken to hold. */
  doubtAll(id: string): void
  statistics(id: string): PresenceStatistics | undefined
  /** Keeps what is known of these backends while `config` says the same, and forgets the rest. */
  use(backends: readonly Backend[], config: PresenceConfig): void
}

export function createKnowledge({ fetch, clock, inventories, onFinding }: KnowledgeOptions): Knowledge {
  // By the backend itself and not its id: a request that began before a reload must not teach us about a store of the
  // same id that is another one now.
  let entries = new Map<Backend, BackendPresence>()
  let settings = ''

  const named = (id: string) => [...entries].find(([backend]) => backend.id === id)?.[1]

  async function probe(backend: Backend, request: OciRequest): Promise<Verdict> {
    const startedAt = clock.now()
    const finding = await probeBackend(backend, request, fetch())
    onFinding(backend, request, finding, clock.now() - startedAt)
    return finding.verdict
  }

  function known(backend: Backend, request: OciRequest): Verdict | undefined {
    const entry = entries.get(backend)
    if (entry === undefined) return undefined
    const listed = backend.kind === 'store' ? inventories.verdict(backend, request) : undefined
    if (listed === 'absent') return listed
    const key = presenceKey(backend, request)
    return listed === 'present' && !entry.isDistrusted(key) ? listed : entry.known(key)
  }

  return {
    known,
    has(backend, request) {
      const verdict = known(backend, request)
      if (verdict !== undefined) return verdict
      const answer = entries.get(backend)?.has(presenceKey(backend, request), () => probe(backend, request))
      return answer ?? 'unknown'
    },
    listed: (store, request) =>
      known(store, request) === 'present' ? inventories.listed(store, request) : undefined,
    distrust(backend, request, milliseconds) {
      entries.get(backend)?.distrust(presenceKey(backend, request), milliseconds)
    },
    doubtAll: (id) => named(id)?.doubtAll(),
    statistics: (id) => named(id)?.statistics(),
    use(backends, { maxEntries: allEntries, ...config }) {
      const maxEntries = Math.max(1, Math.floor(allEntries / Math.max(1, backends.length)))
      const before = settings
      settings = JSON.stringify(config)
      const next = new Map<Backend, BackendPresence>()
      for (const backend of backends) {
        const kept = settings === before ? entries.get(backend) : undefined
        kept?.resize(maxEntries)
        next.set(backend, kept ?? createBackendPresence({ ...config, maxEntries, clock }))
      }
      entries = next
    },
  }
}
