import type { Located } from '../clouds/located.ts'
import { placeOf } from '../clouds/places.ts'
import type { Config } from '../config/config.ts'
import { createSuspicion } from '../health/suspicion.ts'
import { deliversBlob } from '../health/verify-blob.ts'
import type { Clock } from '../internal/clock.ts'
import { createClientAddress } from '../net/client-address.ts'
import { parsePrefix } from '../net/prefix.ts'
import { buildPrefixTable } from '../net/prefix-table-builder.ts'
import { compileRule } from '../routing/rule.ts'
import { createView, type View } from '../routing/view.ts'
import type { Content } from '../storage/content.ts'
import type { Log } from '../telemetry/log.ts'
import { type Fetch, layered } from '../transport/fetch.ts'
import { withTimeout } from '../transport/timeout.ts'
import { withUserAgent } from '../transport/user-agent.ts'
import { createAccessLog } from './access-log.ts'
import { createAdmin } from './admin.ts'
import { below, openLayouts, storeOf, upstreamOf } from './backends.ts'
import { createDoor, type DoorPolicy } from './door.ts'
import { createKnowledge } from './knowledge.ts'
import { createLocate, type Locate } from './locate.ts'
import type { Door } from './request.ts'
import { createSpill } from './spill.ts'
import { createVerifier } from './verifier.ts'
import { createVigil } from './vigil.ts'

/** What a runtime lends to the service. */
export interface Runtime {
  readonly fetch: Fetch
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
  readonly log: Log
  /** Opens the image layout of an upstream that lives on disk. */
  readonly openLayout: (folder: string) => Promise<Content>
  /** Who asks, in `User-Agent`. */
  readonly userAgent: string
}

/** A door and its admin service, wired and ready for an adapter to listen. */
export interface Service {
  readonly door: Door
  readonly admin: Door
  /** Settles when every backend has been tried once. */
  readonly tried: Promise<void>
  /** Puts another config in force, whole; what is known of backends that stay the same stays. Throws, and changes nothing, when a part of it cannot be had. */
  reload(config: Config): Promise<void>
  stop(): void
}

/** What follows from one config. */
interface Assembly {
  readonly config: Config
  readonly layouts: ReadonlyMap<string, Content>
  readonly contents: ReadonlyMap<string, Content>
  readonly locate: Locate
  readonly fetch: Fetch
  readonly buildView: () => View
}

/**
 * Wires the parts of a door from its config: the one place where that happens. `ready` tells the admin service whether
 * the listener takes requests. Throws when an image layout cannot be opened.
 */
export async function createService(
  config: Config,
  runtime: Runtime,
  ready: () => boolean,
): Promise<Service> {
  const { clock, log } = runtime
  let current = await assemble(config)
  /** Set by `enforce`, before anything can ask for it. */
  let policy: DoorPolicy
  const fetch: Fetch = (url, init) => current.fetch(url, init)

  const vigil = createVigil(() => fetch, {
    policy: () => ({ ...current.config.health, pause: current.config.health.interval }),
    clock,
    random: runtime.random,
    onChange(change) {
      setPolicy()
      const { backend, from, to, why } = change
      const fields = { backend, from, to, ...(why !== undefined && { why }) }
      if (to === 'out') log.warn(fields, 'a backend left traffic')
      else log.info(fields, 'a backend entered traffic')
    },
  })
  const knowledge = createKnowledge({
    fetch: () => fetch,
    clock,
    onFinding: (backend, request, finding) => vigil.learn(backend, request, finding),
  })
  const spill = createSpill(() => current.config.spill, clock)
  const verifier = createVerifier({
    clock,
    suspicion: createSuspicion(clock),
    check: (store, digest) => deliversBlob(store, digest, fetch),
    onFailure(store, request) {
      log.warn({ backend: store.id, digest: request.digest }, 'a store holds a blob that it does not deliver')
      knowledge.distrust(store, request, DISTRUST)
    },
  })

  async function assemble(config: Config, before?: Assembly): Promise<Assembly> {
    const layouts = await openLayouts(config, runtime.openLayout, before?.layouts)
    const upstreams = config.upstreams.map(upstreamOf)
    const stores = config.stores.map(storeOf)
    const rules = config.routing.map(compileRule)
    const table = buildPrefixTable<Located>(
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
      layouts,
      contents: new Map(
        config.upstreams.flatMap(({ id, layout, prefix }) =>
          layout === undefined ? [] : [[id, below(prefix, layouts.get(layout)!)] as const],
        ),
      ),
      locate: createLocate(clientAddress, () => table),
      fetch: layered(
        runtime.fetch,
        withUserAgent(runtime.userAgent),
        withTimeout(config.health.timeout, clock),
      ),
      buildView: () =>
        createView({
          upstreams,
          stores,
          rules,
          isUsable: (backend) =>
            (backend.kind === 'upstream' && backend.url === undefined) || vigil.monitor.isUsable(backend.id),
        }),
    }
  }

  /** Everything that knows backends hears of the new ones before the first request is decided by them. */
  function enforce(assembly: Assembly): void {
    const { upstreams, stores, presence } = assembly.config
    current = assembly
    knowledge.use(
      new Map([...upstreams, ...stores].map((backend) => [backend.id, JSON.stringify(backend)])),
      presence,
    )
    vigil.watch(upstreams, stores)
    setPolicy()
  }

  function setPolicy(): void {
    const { pages, debug, presence, log } = current.config
    policy = {
      pages,
      debug,
      patience: presence.timeout,
      view: current.buildView(),
      ...(log.access && { observe: writeAccess }),
    }
  }

  const writeAccess = createAccessLog(log)
  enforce(current)
  const door = createDoor({
    locate: (request) => current.locate(request),
    presence: knowledge,
    content: (upstream) => current.contents.get(upstream.id)!,
    spill,
    doubt: (client, decision, request) => verifier.doubt(client, decision, request),
    clock,
    current: () => policy,
  })
  return {
    door,
    admin: createAdmin({ ready }),
    tried: vigil.monitor.tried,
    async reload(config) {
      enforce(await assemble(config, current))
    },
    stop: () => vigil.monitor.stop(),
  }
}

/** How long a blob is not asked of a store that did not deliver it. */
const DISTRUST = 300_000
