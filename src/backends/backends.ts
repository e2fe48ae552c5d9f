import type { Config, StoreConfig, UpstreamConfig } from '../config/config.ts'
import { GenerationalCache } from '../internal/generational-cache.ts'
import type { Observers } from '../internal/observers.ts'
import { Semaphore } from '../internal/semaphore.ts'
import type { Address } from '../net/address.ts'
import type { Digest } from '../oci/digest.ts'
import type { OciRequest } from '../oci/path.ts'
import type { Backend, Store, Upstream } from '../routing/backend.ts'
import type { Listed, Presence } from '../routing/decide.ts'
import type { Runtime } from '../runtime.ts'
import { withAuth } from '../transport/auth.ts'
import { withRedirectGuard } from '../transport/redirect-guard.ts'
import { inspectStore } from './inspect-store.ts'
import { inspectUpstream } from './inspect-upstream.ts'
import { createInventories } from './inventory/inventories.ts'
import {
  type BackendEnvironment,
  type BackendEvent,
  type BackendParts,
  type BackendSettings,
  digestIn,
  type Elsewhere,
  LiveBackend,
} from './live-backend.ts'
import type { OwnershipPolicy } from './ownership/ownership-policy.ts'
import { examineOwnership } from './ownership/ownership-status.ts'
import { faultBesideProof, faultOfPointer } from './ownership/pointer-proof.ts'
import { storeOf, upstreamOf } from './routable.ts'
import type { SharedFindings } from './shared-findings.ts'

/** How many backends are checked at once. */
const MAX_CHECKS = 16
/** How many sizes are remembered that no inventory lists. */
const MAX_SIZES = 100_000

/** The backends of one config. Another config makes another set, in which those that stay the same are the same objects. */
export interface Backends {
  readonly environment: BackendEnvironment
  /** In the order of the config. */
  readonly upstreams: readonly LiveBackend[]
  readonly stores: readonly LiveBackend[]
  /** Upstreams first. */
  readonly all: readonly LiveBackend[]
  /** What is known of a backend; `undefined` for one that is not of this set, though its id may be. */
  of(backend: Backend): LiveBackend | undefined
  known(backend: Backend, request: OciRequest): Presence | undefined
  has(backend: Backend, request: OciRequest, client?: Address): Presence | Promise<Presence>
  listed(store: Store, request: OciRequest): Listed | undefined
  /** How long what is requested is, in bytes, and who said so; `undefined` as far as nobody has. */
  sizeOf(backend: Backend, request: OciRequest): KnownSize | undefined
  [Symbol.dispose](): void
}

/** How long a content is, in bytes: an inventory lists it, or a store has told it. */
export interface KnownSize {
  readonly size: number
  readonly known: 'listed' | 'probed'
}

/** What backends may go by that not every service has. */
export interface BackendHelp {
  /** What other doors find out. */
  readonly shared?: SharedFindings | undefined
  /** Who checks them, where this process does not. */
  readonly elsewhere?: Elsewhere | undefined
  /** The logins of a mirror. */
  readonly credentialsOf?: BackendEnvironment['credentialsOf']
}

/** No backends yet, for {@link reconcile} to begin with; `observers` are told of every fact. */
export function noBackends(
  runtime: Runtime,
  observers: Observers<BackendEvent>,
  { shared = {}, elsewhere, credentialsOf }: BackendHelp = {},
): Backends {
  const environment = {
    runtime,
    observers,
    shared,
    inventories: createInventories(),
    sizes: new GenerationalCache<Digest, number>(MAX_SIZES),
    checks: new Semaphore(MAX_CHECKS),
    ...(elsewhere && { elsewhere }),
    ...(credentialsOf && { credentialsOf }),
  }
  return backendsOf(environment, [], [])
}

/**
 * The backends of another config. One whose config says the same is kept whole, with all that is known of it; any other
 * is made anew, and what is left over is disposed: the only notion of "the same backend".
 *
 * `ownership` is what the config's section of that name comes to.
 */
export function reconcile(
  previous: Backends,
  config: Config,
  ownership: OwnershipPolicy | undefined,
): Backends {
  const { environment } = previous
  const left = new Map(previous.all.map((live) => [live.fingerprint, live]))
  const settings = settingsOf(config)
  const made: LiveBackend[] = []
  const keepOrMake = (parts: BackendParts): LiveBackend => {
    const kept = left.get(parts.fingerprint)
    if (kept !== undefined) {
      left.delete(parts.fingerprint)
      kept.configure(settings)
      return kept
    }
    const live = new LiveBackend(parts, settings, environment)
    made.push(live)
    return live
  }
  const upstreams = config.upstreams.map((upstream) => keepOrMake(upstreamParts(upstream, environment)))
  const stores = config.stores.map((store) => keepOrMake(storeParts(store, config, ownership, environment)))
  for (const live of left.values()) live[Symbol.dispose]()
  for (const live of made) live.start()
  return backendsOf(environment, upstreams, stores)
}

function backendsOf(
  environment: BackendEnvironment,
  upstreams: readonly LiveBackend[],
  stores: readonly LiveBackend[],
): Backends {
  const all = [...upstreams, ...stores]
  // By the object and not its id: a request that began before a reload must not teach us about a store of the same id
  // that is another one now.
  const live = new Map<Backend, LiveBackend>(all.map((one) => [one.backend, one]))
  return {
    environment,
    upstreams,
    stores,
    all,
    of: (backend) => live.get(backend),
    known: (backend, request) => live.get(backend)?.known(request),
    has: (backend, request, client) => live.get(backend)?.has(request, client) ?? 'unknown',
    listed: (store, request) => live.get(store)?.listed(request),
    sizeOf: (backend, request) => sizeOf(request, live.get(backend), stores, environment),
    [Symbol.dispose]() {
      for (const one of all) one[Symbol.dispose]()
    },
  }
}

/** A content is the same wherever it lies: what one store says of it holds for all. */
function sizeOf(
  request: OciRequest,
  own: LiveBackend | undefined,
  stores: readonly LiveBackend[],
  { sizes }: BackendEnvironment,
): KnownSize | undefined {
  const listing =
    own?.inventoryInUse === undefined ? stores.find(({ inventoryInUse }) => inventoryInUse) : own
  const listed = listing?.listedSize(request)
  if (listed !== undefined) return { size: listed, known: 'listed' }
  const digest = digestIn(request)
  const probed = digest && sizes.get(digest)
  return probed === undefined ? undefined : { size: probed, known: 'probed' }
}

function settingsOf({ health, presence, upstreams, stores }: Config): BackendSettings {
  const count = Math.max(1, upstreams.length + stores.length)
  const maxEntries = Math.max(1, Math.floor(presence.maxEntries / count))
  return { health, presence: { ...presence, maxEntries } }
}

function upstreamParts(config: UpstreamConfig, { runtime, credentialsOf }: BackendEnvironment): BackendParts {
  const backend: Upstream = upstreamOf(config)
  const { url, tokenServices } = config
  const credentials = credentialsOf?.(config)
  const guard = withRedirectGuard(runtime)
  return {
    backend,
    fingerprint: fingerprintOf(['upstream', config], runtime),
    owesProof: false,
    ...(url !== undefined &&
      credentials && { login: withAuth(runtime, { url, credentials, tokenServices }) }),
    ...(url !== undefined && {
      inspect: (timed) => inspectUpstream({ ...config, url }, timed, guard(timed)),
    }),
  }
}

function storeParts(
  config: StoreConfig,
  { ownership: section, stores }: Config,
  policy: OwnershipPolicy | undefined,
  { runtime }: BackendEnvironment,
): BackendParts {
  const store = storeOf(config)
  const { url, proof, inventory } = config
  const owesProof = proof !== undefined && policy !== undefined
  const storeUrl = config.proofUrl ?? stores.find(({ id }) => id === proof)?.url ?? url
  const claim = owesProof ? { ...policy, url, store: proof, storeUrl } : undefined
  return {
    backend: store,
    // Another key, and every store has to prove anew whose it is.
    fingerprint: fingerprintOf(['store', config, owesProof ? { ...section, storeUrl } : null], runtime),
    owesProof,
    inspect: (timed, state, listedObject) =>
      inspectStore({ config, store, claim, fetch: timed, runtime }, state, listedObject),
    ...(inventory && { inventoryUrl: url }),
    ...(claim && {
      pointerFault: (pointer) => faultOfPointer(pointer, { ...claim, now: runtime.date().getTime() }),
      faultBesideProof: async (pointer, ownership, fetch) => {
        if (faultBesideProof(pointer, ownership) === undefined) return undefined
        // Whoever fills the store writes the pointer, and then the proof that goes with it.
        const { status } = await examineOwnership(claim, { ...ownership, recheckAt: 0 }, fetch, runtime)
        return faultBesideProof(pointer, status)
      },
    }),
  }
}

/** Short, since doors tell each other of a backend by it. */
function fingerprintOf(differences: readonly unknown[], { createHash }: Pick<Runtime, 'createHash'>): string {
  const hash = createHash('sha256')
  hash.update(new TextEncoder().encode(JSON.stringify(differences)))
  return hash.hex().slice(0, 32)
}
