import type { Located } from '../clouds/located.ts'
import { placeOf } from '../clouds/places.ts'
import type { Config } from '../config/config.ts'
import { valueForFault } from '../config/fault.ts'
import { expandConfig } from '../config/format.ts'
import type { OwnershipPolicy } from '../health/ownership-guard.ts'
import { importPublicKey } from '../health/ownership-key.ts'
import { createSuspicion } from '../health/suspicion.ts'
import { deliversBlob } from '../health/verify-blob.ts'
import { createClientAddress } from '../net/client-address.ts'
import { parsePrefix } from '../net/prefix.ts'
import { buildPrefixTable } from '../net/prefix-table-builder.ts'
import type { Backend, Store, Upstream } from '../routing/backend.ts'
import { compileRule } from '../routing/rule.ts'
import { createView, type View } from '../routing/view.ts'
import type { Clock, Fetch, Runtime } from '../runtime.ts'
import type { Content } from '../storage/content.ts'
import { createExposition } from '../telemetry/exposition.ts'
import { layered } from '../transport/fetch.ts'
import { withTimeout } from '../transport/timeout.ts'
import { withUserAgent } from '../transport/user-agent.ts'
import { createAccessLog } from './access-log.ts'
import { createAdmin } from './admin.ts'
import { reportBackends } from './backend-report.ts'
import { below, openLayouts, storeOf, upstreamOf } from './backends.ts'
import { createCalendar } from './calendar.ts'
import { createDoor, type DoorPolicy } from './door.ts'
import { createExplainer, type Explainer } from './explainer.ts'
import { createKnowledge } from './knowledge.ts'
import { createLocate, type Locate } from './locate.ts'
import { createMeter, readBackend } from './meter.ts'
import { createRangesKeeper, type LoadedRanges, type RangesRuntime } from './ranges.ts'
import type { Door, DoorRequest } from './request.ts'
import { createSpill } from './spill.ts'
import { createTestimony } from './testimony.ts'
import { createVerifier } from './verifier.ts'
import { createVigil } from './vigil.ts'

/** What a runtime lends to a service: its disk too. */
export interface ServiceRuntime extends Runtime {
  /** Opens the image layout of an upstream that lives on disk. */
  readonly openLayout: (folder: string) => Promise<Content>
  readonly ranges: RangesRuntime
}

/** A door and its admin service, wired and ready for an adapter to listen. */
export interface Service {
  readonly door: Door
  readonly admin: Door
  /** Settles when every backend has been tried once. */
  readonly tried: Promise<void>
  readonly explain: Explainer
  /**
   * Puts another config in force, whole; what is known of backends that stay the same stays. Throws, and changes
   * nothing, when a part of it cannot be had.
   */
  reload(config: Config): Promise<void>
  /** Takes note of a config that could not be put in force, for whoever asks why it is not. */
  refuseReload(faults: readonly string[]): void
  stop(): void
}

/** What became of a reload. */
interface Reload {
  readonly at: string
  readonly ok: boolean
  readonly faults?: readonly string[]
}

/** What follows from one config. */
interface Assembly {
  readonly config: Config
  /** By the config of each. A backend whose config is the same stays the same object. */
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly stores: ReadonlyMap<string, Store>
  readonly layouts: ReadonlyMap<string, Content>
  readonly contents: ReadonlyMap<string, Content>
  readonly locate: Locate
  readonly ranges: LoadedRanges | undefined
  readonly fetch: Fetch
  /** By what stores prove whose they are; the same object as before as long as the config says the same. */
  readonly ownership: OwnershipPolicy | undefined
  readonly buildView: () => View
}

/**
 * Wires the parts of a door from its config: the one place where that happens. `listening` tells the admin service
 * where the door takes requests. Throws when an image layout cannot be opened.
 */
export async function createService(
  config: Config,
  runtime: ServiceRuntime,
  listening: () => string | undefined,
): Promise<Service> {
  const { log } = runtime
  const clock: Clock = runtime
  const download = layered(runtime.fetch, withUserAgent(runtime.userAgent))
  const ranges = createRangesKeeper({
    runtime: runtime.ranges,
    fetch: download,
    clock,
    random: runtime.random,
    log,
  })
  let current = await assemble(config)
  /** Set by `enforce`, before anything can ask for it. */
  let policy: DoorPolicy
  const fetch: Fetch = (url, init) => current.fetch(url, init)
  /** Absent where nobody can ask for the metrics. */
  const meter =
    config.admin &&
    createMeter({
      backends: () =>
        backendsOf(current).map((backend) => readBackend(backend, { vigil, knowledge, testimony, clock })),
      lastReloadSuccess: () => Date.parse(inForceSince) / 1000,
      rangesAge: () => ranges.ages(),
    })

  const testimony = createTestimony({
    fetch: () => fetch,
    download,
    clock,
    random: runtime.random,
    log,
    holdsAnything: (id) => (knowledge.statistics(id)?.present ?? 0) > 0,
    onDisbelief: disbelieve,
    onRefresh: (id, result) => meter?.inventoryRefresh(id, result),
  })
  const vigil = createVigil(() => fetch, {
    policy: () => ({ ...current.config.health, pause: current.config.health.interval }),
    clock,
    random: runtime.random,
    testimony,
    onDisbelief: disbelieve,
    onChange(change) {
      setPolicy()
      meter?.change(change)
      const { backend, from, to, why } = change
      const fields = { backend, from, to, ...(why !== undefined && { why }) }
      if (to === 'out') log.warn(fields, 'a backend left traffic')
      else log.info(fields, 'a backend entered traffic')
    },
    onProbe: (backend, milliseconds) => meter?.probe('health', backend, milliseconds),
  })
  const knowledge = createKnowledge({
    fetch: () => fetch,
    clock,
    inventories: testimony.inventories,
    onFinding(backend, request, finding, milliseconds) {
      testimony.noteAnswer(backend, request, finding.verdict)
      vigil.learn(backend, request, finding)
      meter?.probe('presence', backend.id, milliseconds)
    },
  })
  const spill = createSpill(() => current.config.spill, clock)
  const verifier = createVerifier({
    clock,
    suspicion: createSuspicion(clock),
    async check(store, digest) {
      const delivered = await deliversBlob(store, digest, fetch)
      meter?.verification(store.id, delivered)
      return delivered
    },
    async onFailure(store, request) {
      const message = 'a store holds a blob that it does not deliver'
      log.warn({ backend: store.id, digest: request.digest }, message)
      knowledge.distrust(store, request, DISTRUST)
      await vigil.monitor.accuse(store.id, message)
    },
  })

  function disbelieve(backend: string): void {
    log.warn({ backend }, 'a store lost its canary or answers wrongly; it is asked anew about every blob')
    knowledge.doubtAll(backend)
  }

  async function assemble(config: Config, before?: Assembly): Promise<Assembly> {
    const layouts = await openLayouts(config, runtime.openLayout, before?.layouts)
    const upstreams = byConfig(config.upstreams, upstreamOf, before?.upstreams)
    const stores = byConfig(config.stores, storeOf, before?.stores)
    const rules = config.routing.map(compileRule)
    const overrides = buildPrefixTable<Located>(
      config.clouds.places.map(({ prefix, at }) => ({
        prefix: parsePrefix(prefix),
        value: { place: placeOf(at), source: 'override' },
      })),
    )
    const clientAddress = createClientAddress({
      trustedProxies: config.clients.trustedProxies.map((text) => parsePrefix(text)),
      header: config.clients.header,
    })
    return {
      config,
      upstreams,
      stores,
      layouts,
      contents: new Map(
        config.upstreams.flatMap(({ id, layout, prefix }) =>
          layout === undefined ? [] : [[id, below(prefix, layouts.get(layout)!)] as const],
        ),
      ),
      locate: createLocate(
        clientAddress,
        config.clouds.places.length === 0
          ? ranges.lookup
          : (address) => overrides.lookup(address) ?? ranges.lookup(address),
      ),
      ranges: await ranges.load(config.clouds),
      fetch: layered(
        runtime.fetch,
        withUserAgent(runtime.userAgent),
        withTimeout(config.health.timeout, clock),
      ),
      ownership: await ownershipOf(config, before),
      buildView: () =>
        createView({
          upstreams: [...upstreams.values()],
          stores: [...stores.values()],
          rules,
          isUsable: (backend) =>
            (backend.kind === 'upstream' && backend.url === undefined) || vigil.monitor.isUsable(backend.id),
        }),
    }
  }

  /** Everything that knows backends hears of the new ones before the first request is decided by them. */
  function enforce(assembly: Assembly): void {
    const { config } = assembly
    const backends = backendsOf(assembly)
    current = assembly
    ranges.use(config.clouds, assembly.ranges)
    knowledge.use(backends, config.presence)
    meter?.use(backends)
    testimony.use(config, [...assembly.stores.values()], assembly.ownership)
    vigil.watch(config.upstreams, config.stores, config.ownership)
    setPolicy()
  }

  function setPolicy(): void {
    const { config, contents, buildView } = current
    const { pages, debug, presence, log } = config
    const writeAccess = log.access ? createAccessLog(runtime.log, log.addresses) : undefined
    const observe = bothOf(meter?.observe, writeAccess)
    policy = {
      pages,
      debug,
      patience: presence.timeout,
      view: buildView(),
      content: (upstream) => contents.get(upstream.id)!,
      ...(observe && { observe }),
    }
  }

  enforce(current)
  const shared = {
    locate: (request: DoorRequest) => current.locate(request),
    presence: knowledge,
    spill,
    clock,
    current: () => policy,
  }
  const door = createDoor({
    ...shared,
    presence: meter?.presence(knowledge) ?? knowledge,
    doubt: (client, decision, request) => verifier.doubt(client, decision, request),
  })
  const explain = createExplainer({
    ...shared,
    health: (backend) => (backend.url === undefined ? 'local' : vigil.monitor.state(backend.id)),
  })
  const timeOf = createCalendar(clock)
  const timeNow = () => clock.date().toISOString()
  let lastReload: Reload | undefined
  let inForceSince = timeNow()
  return {
    door: meter?.door(door) ?? door,
    admin: createAdmin({
      listening,
      backends: () => reportBackends(current.config, { vigil, knowledge, testimony, timeOf }),
      config: () => withoutCredentials(expandConfig(current.config)),
      ranges: ranges.status,
      reload: () => ({ inForceSince, last: lastReload ?? null }),
      explain,
      ...(meter && { metrics: createExposition(meter.metrics) }),
    }),
    explain,
    tried: vigil.monitor.tried,
    async reload(config) {
      enforce(await assemble(config, current))
      inForceSince = timeNow()
      lastReload = { at: inForceSince, ok: true }
      meter?.reload('success')
    },
    refuseReload(faults) {
      lastReload = { at: timeNow(), ok: false, faults }
      meter?.reload('failure')
    },
    stop() {
      vigil.monitor.stop()
      testimony.stop()
      ranges.stop()
    },
  }
}

function backendsOf({ upstreams, stores }: Assembly): readonly Backend[] {
  return [...upstreams.values(), ...stores.values()]
}

async function ownershipOf(
  { ownership }: Config,
  before: Assembly | undefined,
): Promise<OwnershipPolicy | undefined> {
  if (ownership === undefined) return undefined
  if (JSON.stringify(ownership) === JSON.stringify(before?.config.ownership)) return before?.ownership
  return { publicKey: await importPublicKey(ownership.publicKey), maxAge: ownership.maxAge }
}

type Observe = NonNullable<DoorPolicy['observe']>

function bothOf(one: Observe | undefined, other: Observe | undefined): Observe | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return (exchange) => {
    one(exchange)
    other(exchange)
  }
}

/** Backends by their config; those that were there before stay what they are. */
function byConfig<C, B>(
  configs: readonly C[],
  build: (config: C) => B,
  before: ReadonlyMap<string, B> | undefined,
): ReadonlyMap<string, B> {
  return new Map(
    configs.map((config) => {
      const text = JSON.stringify(config)
      return [text, before?.get(text) ?? build(config)]
    }),
  )
}

/** There are none in a valid config; this makes sure of it. */
function withoutCredentials(config: object): unknown {
  return JSON.parse(
    JSON.stringify(config, (_, value) => (typeof value === 'string' ? valueForFault(value) : value)),
  )
}

/** How long a blob is not asked of a store that did not deliver it. */
const DISTRUST = 300_000
