import type { HealthChange } from '../health/monitor.ts'
import type { Backend } from '../routing/backend.ts'
import type { Decision, Verdict } from '../routing/decide.ts'
import { classOf } from '../routing/request-class.ts'
import type { Clock } from '../runtime.ts'
import { type BackendReading, createMetrics, type Metrics, type Readings } from '../telemetry/metrics.ts'
import type { DoorParts, Exchange } from './door.ts'
import type { Knowledge } from './knowledge.ts'
import type { Door } from './request.ts'
import type { Testimony, TestimonyStatus } from './testimony.ts'
import type { Vigil } from './vigil.ts'

/**
 * Counts what the service does. Each value of a label is of a closed set or an id of the config; whatever a client
 * writes, it becomes none.
 */
export interface Meter {
  readonly metrics: Metrics
  /** Counts a request that was answered. */
  observe(exchange: Exchange): void
  /** Counts how many requests wait for their answer, and those that end without one. */
  door(door: Door): Door
  /** Counts how often it is looked at what backends hold. */
  presence(presence: DoorParts['presence']): DoorParts['presence']
  probe(kind: 'presence' | 'health', backend: string, milliseconds: number): void
  change(change: HealthChange): void
  verification(backend: string, delivered: boolean): void
  reload(result: 'success' | 'failure'): void
  inventoryRefresh(backend: string, result: 'success' | 'failure'): void
  /** Counts for these backends from now on; what was counted for others is forgotten. */
  use(backends: readonly Backend[]): void
}

/** `readings` says the rest, when somebody asks. */
export function createMeter(readings: Omit<Readings, 'requestsInFlight'>): Meter {
  let inFlight = 0
  const metrics = createMetrics({ ...readings, requestsInFlight: () => inFlight })
  const { requests, responses, requestDuration, presenceLookups, probeDuration } = metrics
  const { backendChanges, spill, verifications, reloads, inventoryRefreshes } = metrics
  reloads.at('success')
  reloads.at('failure')

  function settled(): void {
    inFlight--
  }

  function failed(error: unknown): never {
    responses.at('500').value++
    throw error
  }

  return {
    metrics,
    observe({ reply, oci, decision, duration }) {
      const requestClass = oci === undefined ? 'other' : classOf(oci)
      responses.at(String(reply.status)).value++
      requestDuration.at(requestClass).observe(duration / 1000)
      if (decision === undefined) {
        if (reply.status < 400) requests.at(requestClass, 'redirect', '', 'page').value++
        else requests.at(requestClass, 'refuse', '', 'not-oci').value++
        return
      }
      requests.at(requestClass, decision.kind, backendOf(decision)?.id ?? '', decision.reason).value++
      if (decision.movedFrom !== undefined) spill.at(decision.movedFrom.id, spillResult(decision)).value++
    },
    door: (door) => (request) => {
      let reply: ReturnType<Door>
      try {
        reply = door(request)
      } catch (error) {
        return failed(error)
      }
      if (!(reply instanceof Promise)) return reply
      inFlight++
      return reply.catch(failed).finally(settled)
    },
    presence: ({ known, has, listed }) => ({
      listed,
      known(backend, request) {
        const verdict = known(backend, request)
        if (verdict !== undefined) presenceLookups.at(backend.id, verdict, 'known').value++
        return verdict
      },
      has(backend, request) {
        const count = (verdict: Verdict) => {
          presenceLookups.at(backend.id, verdict, 'asked').value++
          return verdict
        }
        const verdict = has(backend, request)
        return verdict instanceof Promise ? verdict.then(count) : count(verdict)
      },
    }),
    probe(kind, backend, milliseconds) {
      probeDuration.at(kind, backend).observe(milliseconds / 1000)
    },
    change({ backend, to }) {
      backendChanges.at(backend, to).value++
    },
    verification(backend, delivered) {
      verifications.at(backend, delivered ? 'delivered' : 'failed').value++
    },
    reload(result) {
      reloads.at(result).value++
    },
    inventoryRefresh(backend, result) {
      inventoryRefreshes.at(backend, result).value++
    },
    use(backends) {
      const ids = new Set(backends.map(({ id }) => id))
      const holds = (id: string) => id === '' || ids.has(id)
      const byBackend = [requests, presenceLookups, probeDuration, backendChanges, verifications]
      for (const family of [...byBackend, inventoryRefreshes]) family.keep('backend', holds)
      spill.keep('from', holds)
      // From 0, since a series that appears with its first event shows no increase.
      for (const id of ids) {
        backendChanges.at(id, 'out')
        for (const result of ['moved', 'canonical', 'refused']) spill.at(id, result)
      }
      for (const { id, kind } of backends) {
        if (kind !== 'store') continue
        verifications.at(id, 'delivered')
        verifications.at(id, 'failed')
      }
    },
  }
}

export interface BackendWatchers {
  readonly vigil: Vigil
  readonly knowledge: Knowledge
  readonly testimony: Testimony
  readonly clock: Clock
}

/** What the gauges say of a backend. */
export function readBackend(
  backend: Backend,
  { vigil: { monitor }, knowledge, testimony, clock }: BackendWatchers,
): BackendReading {
  const { id } = backend
  const isLocal = backend.url === undefined
  const presence =
    backend.kind === 'store' || !backend.complete ? knowledge.statistics(backend.id) : undefined
  return {
    id,
    inTraffic: isLocal || monitor.isUsable(id),
    ...(!isLocal && { health: monitor.state(id).status }),
    ...(presence && { presence }),
    ...readTestimony(testimony.status(id), clock),
  }
}

function readTestimony(status: TestimonyStatus | undefined, clock: Clock): Partial<BackendReading> {
  if (status === undefined) return {}
  const { inventory, ownership, missesAll } = status
  const { at, count } = inventory ?? {}
  return {
    missesAll,
    ...(at !== undefined &&
      count !== undefined && {
        inventory: { entries: count, ageSeconds: Math.max(0, (clock.date().getTime() - at) / 1000) },
      }),
    ...(ownership && {
      ownership: {
        proven: ownership.status === 'proven',
        ...(ownership.expires !== undefined && { expiry: ownership.expires / 1000 }),
      },
    }),
  }
}

function backendOf(decision: Decision): Backend | undefined {
  return decision.kind === 'refuse' ? undefined : decision.backend
}

/** What became of a request whose backend is down. */
function spillResult(decision: Decision): 'moved' | 'canonical' | 'refused' {
  if (decision.kind === 'refuse') return 'refused'
  const backend = backendOf(decision)
  return backend?.kind === 'upstream' && backend.canonical ? 'canonical' : 'moved'
}
