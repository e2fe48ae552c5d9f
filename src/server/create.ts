import type { Located } from '../clouds/located.ts'
import { placeOf } from '../clouds/places.ts'
import type { Config, StoreConfig, UpstreamConfig } from '../config/config.ts'
import type { Clock } from '../internal/clock.ts'
import { createClientAddress } from '../net/client-address.ts'
import { parsePrefix } from '../net/prefix.ts'
import { buildPrefixTable } from '../net/prefix-table-builder.ts'
import type { Name } from '../oci/name.ts'
import { createStorePresence, type StorePresence } from '../presence/presence.ts'
import { createHeadProbe, type Fetch } from '../presence/probe.ts'
import { compileBlobPath, type Store, type Upstream } from '../routing/backend.ts'
import { compileRule } from '../routing/rule.ts'
import { createView } from '../routing/view.ts'
import type { Content } from '../storage/content.ts'
import type { Log } from '../telemetry/log.ts'
import { createAccessLog } from './access-log.ts'
import { createAdmin } from './admin.ts'
import { createDoor } from './door.ts'
import { createLocate } from './locate.ts'
import type { Door } from './request.ts'

/** What a runtime lends to the service. */
export interface Runtime {
  readonly fetch: Fetch
  readonly clock: Clock
  readonly log: Log
  /** Opens the image layout of an upstream that lives on disk. */
  readonly openLayout: (folder: string) => Promise<Content>
}

/** A door and its admin service, wired and ready for an adapter to listen. */
export interface Service {
  readonly door: Door
  readonly admin: Door
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
  const upstreams = config.upstreams.map(toUpstream)
  const stores = config.stores.map(toStore)
  const view = createView({ upstreams, stores, rules: config.routing.map(compileRule) })
  const contents = await openLayouts(config.upstreams, runtime)
  const presences = new Map<Store, StorePresence>()
  const maxEntries = Math.max(1, Math.floor(config.presence.maxEntries / Math.max(1, stores.length)))
  for (const store of stores) {
    const probe = createHeadProbe(store, runtime.fetch, clock)
    presences.set(store, createStorePresence(probe, { ...config.presence, maxEntries, clock }))
  }
  const presenceOf = (store: Store): StorePresence => presences.get(store)!
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

  const door = createDoor({
    pages: config.pages,
    debug: config.debug,
    view: () => view,
    locate: createLocate(clientAddress, () => table),
    presence: {
      known: (store, digest) => presenceOf(store).known(digest),
      has: (store, digest) => presenceOf(store).has(digest),
    },
    content: (upstream) => contents.get(upstream.id)!,
    patience: config.presence.timeout,
    clock,
    ...(config.log.access && { observe: createAccessLog(log) }),
  })
  return { door, admin: createAdmin({ ready }) }
}

function toUpstream({ id, url, prefix, at, canonical }: UpstreamConfig): Upstream {
  return { kind: 'upstream', id, place: placeOf(at), canonical, prefix, ...(url !== undefined && { url }) }
}

function toStore({ id, url, blobs, at }: StoreConfig): Store {
  return { kind: 'store', id, place: placeOf(at), url, blobPath: compileBlobPath(blobs) }
}

async function openLayouts(
  upstreams: readonly UpstreamConfig[],
  { openLayout }: Runtime,
): Promise<ReadonlyMap<string, Content>> {
  const opened = upstreams.flatMap(({ id, layout, prefix }) =>
    layout === undefined ? [] : [openLayout(layout).then((content) => [id, below(prefix, content)] as const)],
  )
  return new Map(await Promise.all(opened))
}

/** What a content holds below a repository prefix, under the names that clients use. */
function below(prefix: string, content: Content): Content {
  if (prefix === '') return content
  return { repository: (name) => content.repository(`${prefix}/${name}` as Name) }
}
