import type { BackendEvent, LiveBackend } from '../backends/live-backend.ts'
import type { CacheEvent } from '../cache/events.ts'
import type { CacheStatus, ManagedCache } from '../cache/managed-cache.ts'
import type { LegacyConfig } from '../config/legacy-config.ts'
import type { PinnedReport } from '../relay/pins/pinned-report.ts'
import type { Backend } from '../routing/backend.ts'
import type { Decision, Presence } from '../routing/decide.ts'
import { classOf } from '../routing/request-class.ts'
import type { RouteSources } from '../routing/route.ts'
import type { Runtime } from '../runtime.ts'
import {
  type BackendReading,
  createMetrics,
  type Metrics,
  type MirrorReading,
  type Readings,
} from '../telemetry/metrics.ts'
import type { Exchange } from './door.ts'
import type { AskedByOldName } from './legacy/old-name.ts'
import type { Relayed } from './mirror.ts'
import type { PinnedImages } from './pinned-images.ts'
import type { Door } from './request.ts'
import { type Sent, SIZES_KNOWN } from './sent.ts'

/**
 * Counts what the service does. Each value of a label is of a closed set or an id of the config; whatever a client
 * writes, it becomes none.
 */
export interface ServiceMetrics {
  readonly metrics: Metrics
  /** Counts a request that was answered, and what the client was sent to a backend for. */
  countExchange(exchange: Exchange, sent: Sent | undefined): void
  /** Counts a fact about a backend. */
  countFact(event: BackendEvent): void
  /** Counts how many requests wait for their answer, and those that end without one. */
  door(door: Door): Door
  /** Counts how often it is looked at what backends hold. */
  sources(sources: RouteSources): RouteSources
  /** Counts bytes that a mirror took from backends and does not keep. */
  passed(bytes: number): void
  /** Counts what happens to what a mirror keeps, and reads how it stands. */
  keep(cache: Pick<ManagedCache, 'events' | 'status'>, pinned: Pick<PinnedImages, 'report'>): void
  reload(result: 'success' | 'failure'): void
  /** Counts for these from now on; what was counted for others is forgotten. */
  use(backends: readonly Backend[], policies: readonly string[], others?: OtherIds): void
}

/** What else of a config is counted by its id. */
export interface OtherIds {
  readonly sponsors?: readonly string[] | undefined
  /** The old name, and its phases. */
  readonly legacy?: Pick<LegacyConfig, 'host' | 'phases'> | undefined
}

/** `readings` says the rest, when somebody asks. */
export function createServiceMetrics(readings: Omit<Readings, 'requestsInFlight'>): ServiceMetrics {
  const inFlight = { requests: 0 }
  let mirror: (() => MirrorReading) | undefined
  const metrics = createMetrics({
    ...readings,
    requestsInFlight: () => inFlight.requests,
    mirror: () => mirror?.(),
  })
  metrics.reloads.at('success')
  metrics.reloads.at('failure')
  return {
    metrics,
    countExchange(exchange, sent) {
      countExchange(metrics, exchange)
      if (sent !== undefined) countSent(metrics, sent)
    },
    countFact: (event) => countFact(metrics, event),
    door: (door) => countedDoor(door, metrics, inFlight),
    sources: (sources) => countedSources(sources, metrics),
    passed(bytes) {
      metrics.mirrorPassedBytes.at().value += bytes
    },
    keep(cache, pinned) {
      beginKept(metrics)
      cache.events.add((event) => countKept(metrics, event))
      mirror = () => readMirror(cache.status(), pinned.report())
    },
    reload(result) {
      metrics.reloads.at(result).value++
    },
    use(backends, policies, { sponsors = [], legacy } = {}) {
      keepSeries(metrics, backends, policies)
      metrics.sponsorBytes.keep('sponsor', (id) => sponsors.includes(id))
      const isOld = (name: string) => name === legacy?.host
      metrics.legacyRequests.keep('name', isOld)
      metrics.legacyRepositoryRequests.keep('name', isOld)
      metrics.legacyRequests.keep('phase', (id) => id === '' || legacy!.phases.some((each) => each.id === id))
    },
  }
}

function countExchange(metrics: Metrics, exchange: Exchange): void {
  const { requests, policyRequests, responses, requestDuration, spill } = metrics
  const { reply, oci, decision, relayed, asked, duration } = exchange
  const requestClass = oci === undefined ? 'other' : classOf(oci)
  responses.at(String(reply.status)).value++
  requestDuration.at(requestClass).observe(duration / 1000)
  if (relayed !== undefined) countRelayed(metrics, requestClass, relayed)
  if (asked !== undefined) countAskedByOldName(metrics, asked)
  if (decision === undefined && relayed !== undefined) {
    requests.at(requestClass, 'answer', '', 'kept').value++
    return
  }
  if (decision === undefined && asked !== undefined && oci !== undefined) {
    const kind = asked.answer === 'redirect' ? 'redirect' : reply.status < 400 ? 'answer' : 'refuse'
    requests.at(requestClass, kind, '', 'old-name').value++
    return
  }
  if (decision === undefined) {
    const isPage = reply.status < 400
    if (isPage) requests.at(requestClass, reply.status < 300 ? 'answer' : 'redirect', '', 'page').value++
    else requests.at(requestClass, 'refuse', '', 'not-oci').value++
    return
  }
  const backend = backendOf(decision)?.id ?? ''
  requests.at(requestClass, decision.kind, backend, decision.reason).value++
  if (decision.policy !== undefined) policyRequests.at(decision.policy, backend, decision.reason).value++
  if (decision.movedFrom !== undefined) spill.at(decision.movedFrom.id, spillResult(decision)).value++
}

function countAskedByOldName(
  { legacyRequests, legacyRepositoryRequests }: Metrics,
  { name, phase, answer, agent, repository }: AskedByOldName,
): void {
  legacyRequests.at(name, phase, answer, agent).value++
  if (repository !== undefined) legacyRepositoryRequests.at(name, repository).value++
}

function countSent(
  { backendBytes, sponsorBytes, unsizedRequests }: Metrics,
  { backend, sponsor, method, bytes, known }: Sent,
): void {
  if (method === 'HEAD') return
  if (known === 'unknown') {
    unsizedRequests.at(backend.id).value++
    return
  }
  backendBytes.at(backend.id, known).value += bytes
  if (sponsor !== undefined) sponsorBytes.at(sponsor, known).value += bytes
}

function countRelayed(
  { mirrorRequests, mirrorBytes }: Metrics,
  requestClass: string,
  { registry, cache: from, bytes }: Relayed,
): void {
  const cache = from ?? 'none'
  mirrorRequests.at(registry, requestClass, cache).value++
  if (bytes > 0) mirrorBytes.at(registry, cache).value += bytes
}

/** From 0, since a series that appears with its first event shows no increase. */
function beginKept({
  mirrorFills,
  mirrorReceivedBytes,
  mirrorDroppedContents,
  mirrorDroppedBytes,
}: Metrics): void {
  for (const result of ['kept', 'failed']) mirrorFills.at(result)
  mirrorReceivedBytes.at()
  for (const family of [mirrorDroppedContents, mirrorDroppedBytes]) {
    for (const why of ['evicted', 'lost']) family.at(why)
  }
}

function countKept(metrics: Metrics, event: CacheEvent): void {
  switch (event.kind) {
    case 'fill ended':
      metrics.mirrorFills.at('kept').value++
      return
    case 'fill failed':
      metrics.mirrorFills.at('failed').value++
      return
    case 'received':
      metrics.mirrorReceivedBytes.at().value += event.bytes
      return
    case 'evicted':
    case 'lost':
      metrics.mirrorDroppedContents.at(event.kind).value++
      metrics.mirrorDroppedBytes.at(event.kind).value += event.size
      return
    default:
  }
}

function readMirror(status: CacheStatus, { images }: PinnedReport): MirrorReading {
  return {
    size: status.size,
    bytes: { kept: status.contents.bytes, partial: status.partials.bytes },
    contents: status.contents.count,
    fills: status.fills.length,
    hasTrouble: status.trouble !== undefined,
    pinned: images,
  }
}

function countFact(metrics: Metrics, { backend: { id }, fact, before, after }: BackendEvent): void {
  const { probeDuration, backendChanges, verifications, inventoryRefreshes, retries } = metrics
  if (before.health.status !== after.health.status) backendChanges.at(id, after.health.status).value++
  switch (fact.kind) {
    case 'checked':
      probeDuration.at('health', id).observe(fact.milliseconds / 1000)
      return
    case 'probed':
      probeDuration.at('presence', id).observe(fact.milliseconds / 1000)
      return
    case 'delivered':
    case 'undelivered':
      verifications.at(id, fact.kind === 'delivered' ? 'delivered' : 'failed').value++
      return
    case 'retried':
      retries.at(id, fact.reason).value++
      return
    case 'inventory':
      inventoryRefreshes.at(id, fact.attempt.kind === 'failed' ? 'failure' : 'success').value++
      return
    case 'outlier':
    case 'reloaded':
  }
}

function countedDoor(door: Door, { responses }: Metrics, inFlight: { requests: number }): Door {
  const failed = (error: unknown): never => {
    responses.at('500').value++
    throw error
  }
  const settled = () => {
    inFlight.requests--
  }
  return (request) => {
    let reply: ReturnType<Door>
    try {
      reply = door(request)
    } catch (error) {
      return failed(error)
    }
    if (!(reply instanceof Promise)) return reply
    inFlight.requests++
    return reply.catch(failed).finally(settled)
  }
}

function countedSources(sources: RouteSources, { presenceLookups }: Metrics): RouteSources {
  const { known, inquire } = sources
  return {
    ...sources,
    known(backend, request) {
      const presence = known(backend, request)
      if (presence !== undefined) presenceLookups.at(backend.id, presence, 'known').value++
      return presence
    },
    ...(inquire && {
      inquire(client) {
        const inquiry = inquire(client)
        return {
          ask(backend, request) {
            const count = (presence: Presence) => {
              presenceLookups.at(backend.id, presence, 'asked').value++
              return presence
            }
            const presence = inquiry.ask(backend, request)
            return presence instanceof Promise ? presence.then(count) : count(presence)
          },
          get isOver() {
            return inquiry.isOver
          },
        }
      },
    }),
  }
}

function keepSeries(metrics: Metrics, backends: readonly Backend[], policies: readonly string[]): void {
  const {
    requests,
    policyRequests,
    presenceLookups,
    probeDuration,
    backendChanges,
    verifications,
    inventoryRefreshes,
    spill,
    backendBytes,
    unsizedRequests,
  } = metrics
  const ids = new Set(backends.map(({ id }) => id))
  const holds = (id: string) => id === '' || ids.has(id)
  const byBackend = [
    requests,
    policyRequests,
    presenceLookups,
    probeDuration,
    backendChanges,
    verifications,
    inventoryRefreshes,
    backendBytes,
    unsizedRequests,
  ]
  for (const family of byBackend) family.keep('backend', holds)
  spill.keep('from', holds)
  policyRequests.keep('policy', (id) => policies.includes(id))
  // From 0, since a series that appears with its first event shows no increase.
  for (const id of ids) {
    for (const known of SIZES_KNOWN) if (known !== 'unknown') backendBytes.at(id, known)
    unsizedRequests.at(id)
    backendChanges.at(id, 'ejected')
    for (const result of ['moved', 'canonical', 'refused']) spill.at(id, result)
  }
  for (const { id, kind } of backends) {
    if (kind !== 'store') continue
    verifications.at(id, 'delivered')
    verifications.at(id, 'failed')
  }
}

/** What the gauges say of a backend. */
export function readBackend(live: LiveBackend, { date }: Pick<Runtime, 'date'>): BackendReading {
  const { id, backend, state, isLocal, isUsable, inventory, owesProof } = live
  const { at, count } = inventory ?? {}
  const { ownership } = state
  return {
    id,
    inTraffic: isUsable,
    ...(!isLocal && { health: state.health.status }),
    ...((backend.kind === 'store' || !backend.complete) && { presence: live.presence }),
    ...(backend.kind === 'store' && { missesAll: state.misses.all }),
    ...(at !== undefined &&
      count !== undefined && {
        inventory: { entries: count, ageSeconds: Math.max(0, (date().getTime() - at) / 1000) },
      }),
    ...(owesProof && {
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
