import type { Backends } from '../backends/backends.ts'
import type { Elsewhere } from '../backends/live-backend.ts'
import type { RetryStatus } from '../backends/retries/detector.ts'
import { type AttemptSink, ReturningClients } from '../backends/retries/returning-clients.ts'
import { createSpill } from '../backends/spill.ts'
import type { ManagedCache } from '../cache/managed-cache.ts'
import { LiveRanges, type RangesInForce } from '../clouds/fetch/ranges.ts'
import type { Config } from '../config/config.ts'
import { valueForFault } from '../config/fault.ts'
import { expandConfig } from '../config/format.ts'
import { createWallClock } from '../internal/wall-clock.ts'
import { Relay } from '../relay/relay.ts'
import { policiesOf } from '../routing/policy.ts'
import type { RouteSources } from '../routing/route.ts'
import {
  createExposition,
  createSnapshot,
  type MetricsSnapshot,
  type OtherMetrics,
} from '../telemetry/exposition.ts'
import type { ProcessReadings, Readings } from '../telemetry/metrics.ts'
import type { Exposition } from '../telemetry/text-format.ts'
import { createAdmin } from './admin.ts'
import { checkSameMirror, noParts, openCache } from './cache-of.ts'
import { checkBackends, type HealthRecord } from './check-backends.ts'
import { createDoor } from './door.ts'
import { Exchanges } from './exchanges.ts'
import { createExplainer, type Explainer } from './explainer.ts'
import { createFetchHandler, type FetchHandler } from './fetch-handler.ts'
import { InForce, isExposed, type Policy } from './in-force.ts'
import { beginInquiry } from './inquiry.ts'
import { LegacyBook, type OutcomeSink } from './legacy/legacy-book.ts'
import { createOldName } from './legacy/old-name.ts'
import { readPhases, reportLegacy } from './legacy/report-legacy.ts'
import { logFacts } from './log-facts.ts'
import { logUnusable, logWarnings } from './log-warnings.ts'
import { createMirror } from './mirror.ts'
import { noticeRetries } from './notice-retries.ts'
import { keepPinnedImages, type PinnedImages } from './pinned-images.ts'
import { DoorReadiness } from './readiness.ts'
import { Reloads } from './reloads.ts'
import { reportBackends } from './report-backends.ts'
import type { Door } from './request.ts'
import type { DoorRuntime } from './runtime.ts'
import { SentBytes } from './sent.ts'
import { createServiceMetrics, readBackend, type ServiceMetrics } from './service-metrics.ts'
import { countSpending, type TrafficSink } from './sponsors/count-spending.ts'
import { readSponsor, reportSponsors } from './sponsors/report-sponsors.ts'
import { SponsorBook } from './sponsors/sponsor-book.ts'
import { TagLists } from './tag-lists.ts'
import { UpstreamAccess } from './upstream-access.ts'

/** A door with all that belongs to it, ready for a runtime to listen or to be mounted in another service. */
export interface Portolan extends AsyncDisposable {
  /** Answers a request that a runtime has read. */
  readonly door: Door
  /** Answers a web `Request`; of the raw target it sees what the runtime left of it. */
  readonly fetch: FetchHandler
  /** The operator's own service. Never for the public. */
  readonly admin: Door
  /** Says why a request goes where it goes. */
  readonly explain: Explainer
  /** What Prometheus scrapes; absent where nothing is counted. */
  readonly metrics?: () => Promise<Exposition>
  /** Settles when every backend has been tried once. */
  readonly tried: Promise<void>
  /**
   * Checks every backend now, going on from what another door has recorded, and gives what is to be recorded then: for
   * runtimes that check on a schedule, in whichever process is at hand.
   */
  checkBackends(before?: readonly HealthRecord[]): Promise<readonly HealthRecord[]>
  /**
   * Puts another config in force, whole, one after the other; what is known of backends that stay the same stays.
   * Rejects, and changes nothing, when a part of it cannot be had.
   */
  reload(config: Config): Promise<void>
  /** Takes note of a config that could not be put in force, for whoever asks why it is not. */
  refuseReload(faults: readonly string[]): void
}

export interface PortolanOptions {
  /** Where the door takes requests, such as `0.0.0.0:8080` or `https://0.0.0.0:8443`; `undefined` before it does and once it drains. */
  readonly listening?: () => string | undefined
  /** Whether explanations go by the config alone, as if every backend were well and held everything. */
  readonly offline?: boolean
  /** Whether to count what the service does; by default where the config has an admin service. */
  readonly metrics?: boolean
  /** What the process around the service counts itself, for its metrics. */
  readonly process?: ProcessReadings
}

/** What the other processes of a service do for this one. */
export interface ComposeOptions extends PortolanOptions {
  /** What they have counted. */
  readonly otherMetrics?: OtherMetrics
  /** What they make of clients that come back, which none of them asks this one for. */
  readonly otherRetries?: () => Promise<RetryStatus | undefined>
  /** Of a process that only answers clients, and goes by what another one finds out: how it is told, and tells. */
  readonly worker?: {
    readonly elsewhere: Elsewhere
    readonly attempts: AttemptSink
    readonly traffic: TrafficSink
    readonly ranges: RangesInForce
    readonly outcomes: OutcomeSink
  }
}

/** What processes of one service share of what they know. */
export interface SharedParts {
  readonly inForce: Pick<InForce, 'policy' | 'facts' | 'changes' | 'shares' | 'paces' | 'usePaces'>
  /** What is planned for an old name. */
  readonly legacy: Pick<LegacyBook, 'fates' | 'known' | 'note' | 'use'>
  /** The accounts of sponsors; absent where another process keeps them. */
  readonly traffic: TrafficSink | undefined
  readonly clients: Pick<ReturningClients, 'replay' | 'noteDelivery' | 'status'>
  /** Absent where another process keeps them. */
  readonly ranges: LiveRanges | undefined
  /** What was counted; absent where nothing is. */
  readonly snapshot: (() => Promise<MetricsSnapshot>) | undefined
}

/** Makes a door from its config. Throws when a part of it cannot be had, such as an image layout or a range snapshot. */
export function createPortolan(
  config: Config,
  runtime: DoorRuntime,
  options: PortolanOptions = {},
): Promise<Portolan> {
  return composePortolan(config, runtime, options)
}

/**
 * The same, for a service of several processes: the one place where parts are wired, each from those above it.
 */
export async function composePortolan(
  config: Config,
  runtime: DoorRuntime,
  options: ComposeOptions = {},
): Promise<Portolan & { readonly shared: SharedParts }> {
  const { worker, listening = () => undefined } = options
  const { log } = runtime
  const ranges = worker === undefined ? new LiveRanges({ runtime, storage: runtime.ranges }) : undefined
  const inForce = new InForce(runtime, ranges ?? worker!.ranges, worker?.elsewhere)
  const policy = () => inForce.policy
  const reloads = new Reloads(inForce, runtime)
  const book = worker === undefined ? new SponsorBook(runtime, inForce) : undefined
  const legacy = new LegacyBook(runtime, inForce.changes, worker?.outcomes)
  const metrics =
    (options.metrics ?? config.admin !== undefined)
      ? createServiceMetrics({
          ...readingsOf(policy, reloads, ranges, book, runtime, options.process),
          ...(worker === undefined && { legacy: () => readPhases(legacy) }),
        })
      : undefined
  const spend = countSpending(book ?? worker!.traffic)
  const exchanges = new Exchanges(new SentBytes(policy), { count: metrics?.countExchange, spend, log })
  const clients = new ReturningClients(runtime, worker?.attempts)
  const readiness = new DoorReadiness({
    listening,
    backends: () => policy().backends.all,
    keeps: () => policy().config.cache !== undefined,
  })
  observe(inForce, { metrics, exchanges, clients, readiness })
  if (worker === undefined) tellChanges(inForce, reloads, metrics, runtime)

  const spill = createSpill(() => policy().config.spill, runtime)
  const sources: RouteSources = {
    view: () => policy().view,
    known: (backend, request) => policy().backends.known(backend, request),
    listed: (store, request) => policy().backends.listed(store, request),
    spill,
    inquire: (client) => beginInquiry(policy, runtime, client),
  }
  const counts = metrics?.sources(sources) ?? sources
  const tagLists = new TagLists(runtime)
  const noticed = { ...sources, notice: noticeRetries(clients, policy, runtime) }
  const cache = await openCache(config, runtime)
  const relay = createRelay(runtime, inForce, cache, metrics)
  const pinned = cache && keepPinnedImages({ runtime, policy, changes: inForce.changes, relay, cache })
  if (pinned !== undefined) countKept(metrics, cache!, pinned)
  const mirror = createMirror({ policy, sources: counts, relay, log })
  const oldName = createOldName({ book: legacy, policy, sources: counts, relay, runtime })
  const counted = createDoor({
    policy,
    sources: metrics?.sources(noticed) ?? noticed,
    tagLists,
    countSpill: spill.count,
    ...(config.delivery === 'relay' && { mirror }),
    oldName,
    observer: () => exchanges.observer,
    runtime,
  })
  const door = metrics?.door(counted) ?? counted
  const explain = createExplainer({ policy, sources, tagLists, oldName, offline: options.offline ?? false })
  const exposition =
    metrics && createExposition(metrics.metrics, runtime.processMetrics, options.otherMetrics)
  const timeOf = createWallClock(runtime)
  const admin = createAdmin({
    listening,
    readiness: () => readiness.status,
    backends: () => reportBackends(policy(), timeOf),
    config: () => withoutCredentials(expandConfig(policy().config)),
    ...(ranges && { ranges: () => ranges.status() }),
    ...(book && { sponsors: () => reportSponsors(book.status, policy().config) }),
    ...(pinned && { pinned: () => pinned.report() }),
    legacy: () => reportLegacy(legacy),
    retries: async () => (await options.otherRetries?.()) ?? clients.status(),
    reload: () => reloads.status,
    explain,
    hosts: () => policy().config.adminHosts,
    cache,
    ...(exposition && { metrics: exposition }),
  })

  // A lease that nobody gives back keeps the folder from whoever comes next, and the process alive.
  const dispose = async () => {
    inForce[Symbol.dispose]()
    legacy[Symbol.dispose]()
    await book?.[Symbol.asyncDispose]()
    pinned?.[Symbol.dispose]()
    await cache?.[Symbol.asyncDispose]()
  }
  try {
    await reloads.begin(config)
  } catch (error) {
    await dispose()
    throw error
  }
  return {
    door,
    fetch: createFetchHandler(door),
    admin,
    explain,
    ...(exposition && { metrics: exposition }),
    // Elsewhere they are tried by another process, which tells of that.
    tried: worker === undefined ? triedOnce(policy().backends, runtime) : Promise.resolve(),
    checkBackends: (before = []) => checkBackends(policy().backends, before, runtime),
    async reload(next) {
      checkSameMirror(config, next)
      await reloads.reload(next)
    },
    refuseReload: (faults) => reloads.refuse(faults),
    shared: {
      inForce,
      legacy,
      traffic: book,
      clients,
      ranges,
      snapshot: metrics && createSnapshot(metrics.metrics, runtime.processMetrics),
    },
    [Symbol.asyncDispose]: dispose,
  }
}

/** What is fetched on behalf of clients: by a mirror, and for an old name. */
function createRelay(
  runtime: DoorRuntime,
  inForce: InForce,
  cache: ManagedCache | undefined,
  metrics: ServiceMetrics | undefined,
): Relay {
  const policy = () => inForce.policy
  return new Relay({
    runtime,
    cache,
    access: new UpstreamAccess({
      runtime,
      logins: inForce.logins,
      config: () => policy().config,
      contents: () => policy().contents,
    }),
    settings: () => policy().config.revalidate,
    partOf: runtime.partOf ?? noParts,
    onPassed: (bytes) => metrics?.passed(bytes),
    isExposed: (registry) => isExposed(policy(), registry),
  })
}

/** Counts what happens to what a mirror keeps. */
function countKept(metrics: ServiceMetrics | undefined, cache: ManagedCache, pinned: PinnedImages): void {
  metrics?.keep(cache, pinned)
}

/** Settles when every backend has been tried once. */
async function triedOnce(backends: Backends, { log }: DoorRuntime): Promise<void> {
  await Promise.all(backends.all.map(({ tried }) => tried))
  logUnusable(log, backends)
}

function readingsOf(
  policy: () => Policy,
  reloads: Reloads,
  ranges: LiveRanges | undefined,
  book: SponsorBook | undefined,
  runtime: DoorRuntime,
  around: ProcessReadings = {},
): Omit<Readings, 'requestsInFlight'> {
  return {
    ...around,
    backends: () => policy().backends.all.map((live) => readBackend(live, runtime)),
    lastReloadSuccess: () => Date.parse(reloads.status.inForceSince) / 1000,
    rangesAge: () => ranges?.ages() ?? [],
    sponsors: () => book?.status.map(readSponsor) ?? [],
  }
}

interface Listeners {
  readonly metrics: ServiceMetrics | undefined
  readonly exchanges: Exchanges
  readonly clients: ReturningClients
  readonly readiness: DoorReadiness
}

/** Lets those listen who only listen: none of them can change what is in force. */
function observe(inForce: InForce, { metrics, exchanges, clients, readiness }: Listeners): void {
  inForce.changes.add(({ config }) => exchanges.use(config))
  inForce.changes.add(({ backends }) => clients.keep(backends.stores))
  inForce.facts.add(({ before, after }) => {
    if (before.health.status !== after.health.status) readiness.look()
  })
  if (metrics === undefined) return
  inForce.changes.add(({ backends, config }) => {
    metrics.use(
      backends.all.map(({ backend }) => backend),
      policiesOf(config).map(({ id }) => id),
      { sponsors: config.sponsors?.map(({ id }) => id), legacy: config.legacy },
    )
  })
}

/** Of several processes, one logs and counts what all of them find out. */
function tellChanges(
  inForce: InForce,
  reloads: Reloads,
  metrics: ServiceMetrics | undefined,
  { log }: DoorRuntime,
): void {
  inForce.changes.add(({ warnings }) => logWarnings(log, warnings))
  inForce.facts.add(logFacts(log))
  if (metrics === undefined) return
  inForce.facts.add(metrics.countFact)
  reloads.outcomes.add(metrics.reload)
}

/** There are none in a valid config; this makes sure of it. */
function withoutCredentials(config: object): unknown {
  return JSON.parse(
    JSON.stringify(config, (_, value) => (typeof value === 'string' ? valueForFault(value) : value)),
  )
}
