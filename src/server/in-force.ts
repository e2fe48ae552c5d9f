import { type Backends, noBackends, reconcile } from '../backends/backends.ts'
import type { BackendEvent, Elsewhere } from '../backends/live-backend.ts'
import { type OwnershipPolicy, ownershipPolicyOf } from '../backends/ownership/ownership-policy.ts'
import type { LoadedRanges, RangesInForce } from '../clouds/fetch/ranges.ts'
import type { Config, RegistryConfig, SponsorConfig, UpstreamConfig } from '../config/config.ts'
import type { Remark } from '../config/fault.ts'
import { warningsInSteps } from '../config/warnings.ts'
import { untilNextDay } from '../endpoints/day.ts'
import { createObservers, type Observers } from '../internal/observers.ts'
import { inTurns } from '../internal/steps.ts'
import type { RegistryReader } from '../registry/reader.ts'
import { type Addressing, createAddressing } from '../routing/addressing.ts'
import type { Backend } from '../routing/backend.ts'
import { pacesOf, payersOf } from '../routing/budget/payers.ts'
import { compileRouting, type Routing } from '../routing/compile-routing.ts'
import type { Locate } from '../routing/locate.ts'
import { locateByConfig } from '../routing/locate-by-config.ts'
import { createView, type View, type ViewParts } from '../routing/view.ts'
import type { Cancel } from '../runtime.ts'
import { Admission } from './admission/admission.ts'
import { type LayoutContents, openContents } from './layout-contents.ts'
import { type LegacyPlan, openLegacy } from './legacy/legacy-plan.ts'
import { remarksOnLegacy } from './legacy/legacy-remarks.ts'
import { Logins } from './logins.ts'
import { PublishedEndpoints } from './published-endpoints.ts'
import type { DoorRuntime } from './runtime.ts'
import { openSponsorship, type Sponsorship } from './sponsors/sponsorship.ts'

/** What the door goes by at one moment: whole, and replaced whole. */
export interface Policy {
  readonly config: Config
  /** Where it cannot do what it says. */
  readonly warnings: readonly Remark[]
  readonly backends: Backends
  readonly locate: Locate
  readonly view: View
  /** The view as it were with these backends down, by their ids, and, with `others` up, all the rest in traffic. */
  readonly viewWith: (down: readonly string[], others: 'as-they-are' | 'up') => View
  /** What a mirror answers for; none where clients are redirected. */
  readonly registries: readonly RegistryPolicy[]
  /** Which of these a request means. */
  readonly addressing: Addressing
  /** Who is let in to what. */
  readonly admission: Admission
  /** What is published of the hosts that clients are sent to; absent where nothing is. */
  readonly endpoints: PublishedEndpoints | undefined
  /** Backends that get no clients by that, and why not. */
  readonly closed: ReadonlyMap<Backend, string>
  /** What is planned for an old name; absent where there is none. */
  readonly legacy: LegacyPlan | undefined
  /** What the accounts of sponsors begin with; absent where there are none, or another process keeps them. */
  readonly sponsorship: Sponsorship | undefined
  /** Who pays for which backends. */
  readonly payers: ReadonlyMap<Backend, SponsorConfig>
  /** What an upstream on our own disk holds, by its id. */
  readonly contents: ReadonlyMap<string, RegistryReader>
}

/** One registry of a mirror: its own backends, in the order of the rules for all. */
export interface RegistryPolicy extends Pick<Policy, 'view' | 'viewWith'> {
  readonly config: RegistryConfig
}

/** The registry of this host among those that a mirror answers for. */
export function registryOf({ registries }: Policy, host: string | undefined): RegistryPolicy | undefined {
  return registries.find(({ config }) => config.host === host)
}

/** Whether everybody may read a registry of a mirror, of which another one is for known clients alone. */
export function isExposed({ registries, config }: Policy, host: string): boolean {
  if (config.clients.htpasswd === undefined) return false
  const isPublic = ({ config: registry }: RegistryPolicy) => registry.public
  return registries.some((each) => each.config.host === host && isPublic(each)) && !registries.every(isPublic)
}

/** All that a config needs and that can fail, made ready before anything changes. */
export interface Prepared {
  readonly config: Config
  readonly warnings: readonly Remark[]
  readonly ranges: LoadedRanges | undefined
  readonly ownership: OwnershipPolicy | undefined
  readonly layouts: LayoutContents
  readonly routing: Routing
  readonly locate: Locate
  readonly admission: Admission
  readonly endpoints: PublishedEndpoints | undefined
  readonly legacy: LegacyPlan | undefined
  readonly sponsorship: Sponsorship | undefined
}

/**
 * Holds what is in force. A reload prepares another config and enforces it in one step; a backend that enters or leaves
 * traffic makes another view.
 */
export class InForce {
  /** Told of every fact about a backend; the view follows before anybody else is told. */
  readonly facts: Observers<BackendEvent> = createObservers()
  /** Told of each config that was put in force, before the first request is decided by it. */
  readonly changes: Observers<Policy> = createObservers()
  /** Told of each change of the paces of sponsors, when decisions go by them. */
  readonly paces: Observers<ReadonlyMap<string, number>> = createObservers()
  readonly #runtime: DoorRuntime
  readonly #ranges: RangesInForce
  /** By what a mirror asks its upstreams. */
  readonly logins: Logins
  #backends: Backends
  #prepared: Prepared | undefined
  #policy: Policy | undefined
  #nextDay: Cancel | undefined
  #shares: ReadonlyMap<string, number> = new Map()
  readonly #checksHere: boolean

  /** `elsewhere` checks the backends where this process does not. */
  constructor(runtime: DoorRuntime, ranges: RangesInForce, elsewhere?: Elsewhere) {
    this.#runtime = runtime
    this.#ranges = ranges
    this.#checksHere = elsewhere === undefined
    this.logins = new Logins(runtime.openCredentials)
    const credentialsOf = (upstream: UpstreamConfig) => this.logins.of(upstream)
    const help = { shared: runtime.shared, elsewhere, credentialsOf }
    this.#backends = noBackends(runtime, this.facts, help)
    this.facts.add(({ before, after }) => {
      if (before.health.status !== after.health.status) this.#renew()
    })
  }

  /** What the door goes by now. Throws before the first `enforce`. */
  get policy(): Policy {
    if (this.#policy === undefined) throw new TypeError('no config is in force yet')
    return this.#policy
  }

  /** Reads all that a config needs. Throws, and changes nothing, when a part of it cannot be had. */
  async prepare(config: Config): Promise<Prepared> {
    const before = this.#prepared
    this.logins.check(config)
    const endpoints = await PublishedEndpoints.open(config, this.#runtime, before?.endpoints)
    const warnings = await inTurns(this.#runtime, warningsInSteps(config, placesAreGiven(this.#runtime)))
    const legacy = await openLegacy(config, this.#runtime, {
      before: before?.legacy,
      endpoints,
      isTold: !this.#checksHere,
    })
    const now = this.#runtime.date().getTime()
    return {
      config,
      warnings: [
        ...warnings,
        ...(endpoints?.remarksOn(config, now) ?? []),
        ...(legacy ? remarksOnLegacy(legacy, now) : []),
      ],
      layouts: await openContents(config, this.#runtime, before?.layouts),
      ranges: await this.#ranges.load(config.clouds),
      ownership: await ownershipPolicyOf(config),
      routing: compileRouting(config),
      locate: await inTurns(
        this.#runtime,
        locateByConfig(config, (address) => this.#ranges.lookup(address)),
      ),
      admission: await Admission.open(config, this.#runtime, before?.admission),
      endpoints,
      legacy,
      sponsorship: this.#checksHere
        ? await openSponsorship(config, this.#runtime, before === undefined)
        : undefined,
    }
  }

  /** Puts a prepared config in force, whole. Throws, and changes nothing, when it has become wrong since it was prepared. */
  enforce(prepared: Prepared): void {
    const { config, ranges, ownership, legacy } = prepared
    // What was read meanwhile may have taken longer than a phase needed to begin.
    legacy?.record.check(legacy.config)
    this.#prepared = prepared
    this.#ranges.use(config.clouds, ranges)
    this.#backends = reconcile(this.#backends, config, ownership)
    this.logins.keep(config)
    this.#renew()
    this.#renewDaily()
    this.changes.notify(this.policy)
  }

  /** How much of what would go to a sponsor's backends does: from 0 to 1, by sponsor; all of it for others. */
  get shares(): ReadonlyMap<string, number> {
    return this.#shares
  }

  /** Goes by other shares from now on. */
  usePaces(shares: ReadonlyMap<string, number>): void {
    const before = this.#shares
    if (shares.size === before.size && [...shares].every(([id, share]) => before.get(id) === share)) return
    this.#shares = shares
    this.#renew()
    this.paces.notify(shares)
  }

  [Symbol.dispose](): void {
    this.#nextDay?.()
    this.#backends[Symbol.dispose]()
    this.#ranges.stop()
  }

  /** What is published opens and ends with a day. */
  #renewDaily(): void {
    this.#nextDay?.()
    this.#nextDay = undefined
    if (this.#prepared?.endpoints === undefined) return
    const wait = untilNextDay(this.#runtime.date().getTime())
    this.#nextDay = this.#runtime.after(wait, () => {
      this.#renew()
      this.#renewDaily()
    })
  }

  #renew(): void {
    if (this.#prepared === undefined) return
    const { config, warnings, locate, layouts, routing, admission, endpoints, legacy, sponsorship } =
      this.#prepared
    const now = this.#runtime.date().getTime()
    const backends = this.#backends
    const closed = endpoints?.closed(
      backends.all.map(({ backend }) => backend),
      now,
    )
    const isOpen = (backend: Backend) => closed === undefined || !closed.has(backend)
    const parts = {
      upstreams: backends.upstreams
        .map(({ backend }) => backend)
        .filter((backend) => backend.kind === 'upstream')
        .filter(isOpen),
      stores: backends.stores
        .map(({ backend }) => backend)
        .filter((backend) => backend.kind === 'store')
        .filter(isOpen),
      ...routing,
      ...pacedBy(config.sponsors, backends.all, this.#shares),
    }
    const isUsable = (backend: Backend) => backends.of(backend)?.isUsable ?? false
    this.#policy = {
      config,
      warnings,
      backends,
      locate,
      ...viewsOf(parts, isUsable),
      registries: config.registries.map((registry) => ({
        config: registry,
        ...viewsOf(
          {
            ...parts,
            upstreams: parts.upstreams.filter(({ id }) => registry.upstreams.includes(id)),
            stores: parts.stores.filter(({ id }) => registry.stores.includes(id)),
          },
          isUsable,
        ),
      })),
      addressing: createAddressing(config.registries),
      admission,
      endpoints,
      closed: closed ?? new Map(),
      legacy,
      sponsorship,
      payers: payersOf(
        config.sponsors ?? [],
        backends.all.map(({ backend }) => backend),
      ),
      contents: layouts.contents,
    }
  }
}

function viewsOf(
  parts: Omit<ViewParts, 'isUsable'>,
  isUsable: (backend: Backend) => boolean,
): Pick<Policy, 'view' | 'viewWith'> {
  return {
    view: createView({ ...parts, isUsable }),
    viewWith: (down, others) =>
      createView({
        ...parts,
        isUsable: (backend) => !down.includes(backend.id) && (others === 'up' || isUsable(backend)),
      }),
  }
}

function pacedBy(
  sponsors: Config['sponsors'],
  all: Backends['all'],
  shares: ReadonlyMap<string, number>,
): Pick<ViewParts, 'paceOf'> {
  if (sponsors === undefined) return {}
  const paces = pacesOf(
    sponsors,
    all.map(({ backend }) => backend),
    shares,
  )
  return paces.size === 0 ? {} : { paceOf: (backend) => paces.get(backend) }
}

/** A runtime without a disk knows the places of clients by itself. */
function placesAreGiven({ placesAreGiven: given, ranges }: DoorRuntime): boolean {
  return given ?? ranges === undefined
}
