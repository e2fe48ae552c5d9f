import type { PresenceConfig } from '../config/config.ts'
import type { Clock } from '../internal/clock.ts'
import type { OciRequest } from '../oci/path.ts'
import { type BackendPresence, createBackendPresence, type PresenceStatistics } from '../presence/presence.ts'
import { type Finding, presenceKey, probeBackend } from '../presence/probe.ts'
import type { Backend } from '../routing/backend.ts'
import type { Verdict } from '../routing/decide.ts'
import type { Fetch } from '../transport/fetch.ts'

export interface KnowledgeOptions {
  readonly fetch: () => Fetch
  readonly clock: Clock
  /** Told of every probe that ended: what it found, and how many milliseconds it took. */
  readonly onFinding: (backend: Backend, request: OciRequest, finding: Finding, milliseconds: number) => void
}

/** What is known of what backends hold. */
export interface Knowledge {
  known(backend: Backend, request: OciRequest): Verdict | undefined
  has(backend: Backend, request: OciRequest): Verdict | Promise<Verdict>
  /** Takes what a request asks for as unusable at a backend for `milliseconds`. */
  distrust(backend: Backend, request: OciRequest, milliseconds: number): void
  statistics(id: string): PresenceStatistics | undefined
  /** Keeps what is known of these backends (same id, same fingerprint), and forgets the rest. */
  use(backends: ReadonlyMap<string, string>, config: PresenceConfig): void
}

interface Entry {
  readonly fingerprint: string
  readonly presence: BackendPresence
}

export function createKnowledge({ fetch, clock, onFinding }: KnowledgeOptions): Knowledge {
  let entries = new Map<string, Entry>()

  async function probe(backend: Backend, request: OciRequest): Promise<Verdict> {
    const startedAt = clock.now()
    const finding = await probeBackend(backend, request, fetch())
    onFinding(backend, request, finding, clock.now() - startedAt)
    return finding.verdict
  }

  return {
    known: (backend, request) => entries.get(backend.id)?.presence.known(presenceKey(backend, request)),
    has: (backend, request) =>
      entries.get(backend.id)?.presence.has(presenceKey(backend, request), () => probe(backend, request)) ??
      'unknown',
    distrust(backend, request, milliseconds) {
      entries.get(backend.id)?.presence.distrust(presenceKey(backend, request), milliseconds)
    },
    statistics: (id) => entries.get(id)?.presence.statistics(),
    use(backends, config) {
      const maxEntries = Math.max(1, Math.floor(config.maxEntries / Math.max(1, backends.size)))
      const settings = JSON.stringify({ ...config, maxEntries })
      const next = new Map<string, Entry>()
      for (const [id, identity] of backends) {
        const fingerprint = `${identity} ${settings}`
        const before = entries.get(id)
        const kept = before?.fingerprint === fingerprint
        next.set(
          id,
          kept ? before : { fingerprint, presence: createBackendPresence({ ...config, maxEntries, clock }) },
        )
      }
      entries = next
    },
  }
}
