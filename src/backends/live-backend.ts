import type { HealthConfig, UpstreamConfig } from '../config/config.ts'
import type { GenerationalCache } from '../internal/generational-cache.ts'
import type { Observers } from '../internal/observers.ts'
import type { Semaphore } from '../internal/semaphore.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { InventoryPointer } from '../inventory/pointer.ts'
import type { Address } from '../net/address.ts'
import type { Digest } from '../oci/digest.ts'
import type { OciRequest } from '../oci/path.ts'
import type { Backend } from '../routing/backend.ts'
import type { Listed, Presence } from '../routing/decide.ts'
import type { Fetch, Runtime } from '../runtime.ts'
import type { Credentials } from '../transport/credential.ts'
import { type Layer, layered } from '../transport/fetch.ts'
import { withTimeout } from '../transport/timeout.ts'
import { withUserAgent } from '../transport/user-agent.ts'
import { type BackendState, initialState, reduce, standingOf } from './backend-state.ts'
import type { Expectation, Fact, HealthReport, Standing } from './facts.ts'
import { checkManifest } from './health/check-manifest.ts'
import { HealthChecker } from './health/health-checker.ts'
import { isInTraffic } from './health/health-state.ts'
import type { Inventories } from './inventory/inventories.ts'
import { type InventoryStatus, StoreInventory } from './inventory/store-inventory.ts'
import type { OwnershipStatus } from './ownership/ownership-status.ts'
import {
  createPresenceCache,
  type PresenceCache,
  type PresenceSettings,
  type PresenceStatistics,
} from './presence/presence.ts'
import { presenceKey, probeBackend } from './presence/probe.ts'
import type { SharedFindings } from './shared-findings.ts'

/** A fact, and what it made of the backend. */
export interface BackendEvent {
  readonly backend: LiveBackend
  readonly fact: Fact
  readonly before: BackendState
  readonly after: BackendState
}

/** What all backends of a service share. */
export interface BackendEnvironment {
  readonly runtime: Runtime
  readonly observers: Observers<BackendEvent>
  readonly inventories: Inventories
  /** How long contents are, as far as probes have told, in bytes. */
  readonly sizes: GenerationalCache<Digest, number>
  /** So that no more than so many are checked at once. */
  readonly checks: Semaphore
  /** What other doors find out for this one. */
  readonly shared: SharedFindings
  /** Who checks them, where this process does not: it asks for no inventory either, and goes by what it is told. */
  readonly elsewhere?: Elsewhere
  /** By what an upstream is asked; absent, or none, to ask as anybody. */
  readonly credentialsOf?: (config: UpstreamConfig) => Credentials | undefined
}

/** Another process of this service, which checks the backends and makes states of facts for all of them. */
export interface Elsewhere {
  /** Takes over a fact that was learnt here. */
  report(live: LiveBackend, fact: Fact): void
  /** Has a backend checked at once; settles when what was found is told here, or will not be in time. Never rejects. */
  check(live: LiveBackend): Promise<void>
}

/** What a reload may change of a backend that stays. */
export interface BackendSettings {
  readonly health: HealthConfig
  readonly presence: PresenceSettings
}

/** What makes one backend different from another. */
export interface BackendParts {
  readonly backend: Backend
  /** Whatever differs here makes another backend. */
  readonly fingerprint: string
  /** Checks its health; absent of what the door answers from its own disk. Never rejects; ends when `fetch` does. */
  readonly inspect?: (
    fetch: Fetch,
    state: BackendState,
    listedObject: Digest | undefined,
  ) => Promise<HealthReport>
  /** Shows who we are to whom we ask; absent to ask as anybody. */
  readonly login?: Layer
  /** The URL of a store whose inventory is gone by. */
  readonly inventoryUrl?: string
  /** By what its inventory is signed; absent where nobody has to prove whose a store is. */
  readonly pointerFault?: (pointer: InventoryPointer) => Promise<string | undefined>
  /** Why a pointer is not the one that its proof of ownership goes with, which is asked for anew where it does not. */
  readonly faultBesideProof?: (
    pointer: InventoryPointer,
    ownership: OwnershipStatus,
    fetch: Fetch,
  ) => Promise<string | undefined>
  /** Whether it has to prove whose it is before its inventory is asked for. */
  readonly owesProof: boolean
}

/**
 * A backend at work: what decisions see of it, and all that is known of it, made, kept and disposed as one. Facts go in
 * by `record`, which is the only way in which its state changes.
 */
export class LiveBackend {
  readonly backend: Backend
  readonly fingerprint: string
  readonly owesProof: boolean
  /** Settles when it has been checked once, or was disposed. */
  readonly tried: Promise<void>
  readonly #environment: BackendEnvironment
  readonly #parts: BackendParts
  readonly #presence: PresenceCache
  readonly #checker: HealthChecker | undefined
  readonly #inventory: StoreInventory | undefined
  #settings: BackendSettings
  #fetch: Fetch
  #state: BackendState
  #key: string | undefined
  #disposed = false
  /** Nothing that others found before counts, in milliseconds since 1970. */
  #believesSince = 0
  /** When the last check by another door that counted was told. */
  #toldAt: number | undefined
  #announceTried: () => void = () => {}

  constructor(parts: BackendParts, settings: BackendSettings, environment: BackendEnvironment) {
    const { runtime, inventories, checks } = environment
    this.backend = parts.backend
    this.fingerprint = parts.fingerprint
    this.owesProof = parts.owesProof
    this.#parts = parts
    this.#environment = environment
    this.#settings = settings
    this.#fetch = timedFetch(runtime, settings, parts.login)
    this.#state = initialState(runtime.now())
    this.#presence = createPresenceCache(settings.presence, runtime)
    this.#inventory =
      parts.inventoryUrl === undefined
        ? undefined
        : new StoreInventory({
            url: parts.inventoryUrl,
            fetch: (url, init) => this.#fetch(url, init),
            download: layered(runtime.fetch, withUserAgent(runtime.userAgent)),
            runtime,
            inventories,
            ...(parts.pointerFault && { pointerFault: parts.pointerFault }),
            ...(parts.faultBesideProof && {
              faultBesideProof: (pointer) =>
                parts.faultBesideProof!(pointer, this.#state.ownership, this.#fetch),
            }),
            report: (attempt, before) => {
              this.record({ kind: 'inventory', attempt, before })
              if (attempt.kind === 'loaded') runtime.background(this.#tryManifest())
            },
          })
    this.tried = new Promise((resolve) => {
      this.#announceTried = resolve
    })
    if (parts.inspect === undefined || environment.elsewhere !== undefined) this.#announceTried()
    else {
      this.#checker = new HealthChecker({
        runtime,
        places: checks,
        interval: () => this.#settings.health.interval,
        check: () => this.#check(),
      })
    }
  }

  get id(): string {
    return this.backend.id
  }

  /** Short for its fingerprint: the same in each process of a service that goes by the same config. */
  get key(): string {
    if (this.#key === undefined) {
      const hash = this.#environment.runtime.createHash('sha256')
      hash.update(new TextEncoder().encode(this.fingerprint))
      this.#key = hash.hex().slice(0, 32)
    }
    return this.#key
  }

  get state(): BackendState {
    return this.#state
  }

  /** Whether the door answers for it from its own disk: then nobody checks it. */
  get isLocal(): boolean {
    return this.#parts.inspect === undefined
  }

  /** Whether it gets clients. */
  get isUsable(): boolean {
    return this.isLocal || isInTraffic(this.#state.health)
  }

  get presence(): PresenceStatistics {
    return this.#presence.statistics()
  }

  /** Absent when its inventory is not gone by. */
  get inventory(): (InventoryStatus & { readonly believed?: boolean }) | undefined {
    const status = this.#inventory?.status
    return status && { ...status, ...(status.at !== undefined && { believed: this.#state.believed }) }
  }

  /** What its inventory or its own answers name to try it by. */
  get healthCheckObject(): Digest | undefined {
    return this.#inventory?.object ?? this.#state.learned[0]?.digest
  }

  /** A fetch with the time limit of a check. */
  get fetch(): Fetch {
    return this.#fetch
  }

  /** Begins to check it: nothing is sent to a backend that was not tried. */
  start(): void {
    if (this.#environment.elsewhere !== undefined) return
    void this.#checker?.check()
    if (!this.owesProof) this.#inventory?.refresh()
  }

  /** Goes by other settings from now on. Whoever has just filled a store reloads the config to have it noticed. */
  configure(settings: BackendSettings): void {
    this.#settings = settings
    this.#fetch = timedFetch(this.#environment.runtime, settings, this.#parts.login)
    this.#presence.configure(settings.presence)
    if (this.#environment.elsewhere !== undefined) return
    this.record({ kind: 'reloaded' })
    if (!this.owesProof || this.#state.ownership.status === 'proven') this.#inventory?.refresh()
  }

  /** Whether it holds what is asked for, as far as that is known without asking. */
  known(request: OciRequest): Presence | undefined {
    const listed = this.#listedPresence(request)
    if (listed === 'absent') return listed
    const key = presenceKey(this.backend, request)
    return listed === 'present' && !this.#presence.isBarred(key) ? listed : this.#presence.known(key)
  }

  /** The same, or else what a probe finds within the time budget. */
  has(request: OciRequest, client?: Address): Presence | Promise<Presence> {
    const known = this.known(request)
    if (known !== undefined) return known
    const key = presenceKey(this.backend, request)
    const ask = () => {
      const probing = this.#find(key, request)
      // It goes on when nobody waits for it any more.
      this.#environment.runtime.background(probing)
      return probing
    }
    return this.#presence.has(key, ask, client)
  }

  /** What its inventory says of a content that it is known to hold. */
  listed(request: OciRequest): Listed | undefined {
    return this.#inventory !== undefined && this.known(request) === 'present'
      ? this.#inventory.listed(request)
      : undefined
  }

  /** How long a content is by the inventory that it goes by, in bytes. */
  listedSize(request: OciRequest): number | undefined {
    return this.#inventory?.listed(request)?.size
  }

  /** Takes what a request asks for as unusable for so many milliseconds. */
  bar(request: OciRequest, milliseconds: number): void {
    this.#presence.bar(presenceKey(this.backend, request), milliseconds)
  }

  /** The same of a blob of a store. */
  barBlob(digest: Digest, milliseconds: number): void {
    this.#presence.bar(digest, milliseconds)
  }

  /** Checks it at once; settles when that has had its consequences. */
  async check(): Promise<void> {
    const { elsewhere, shared, checks } = this.#environment
    // Nothing that another door found before answers what is asked now.
    if (elsewhere === undefined && shared.checks !== undefined) await checks.run(() => this.inspect())
    else await (elsewhere?.check(this) ?? this.#checker?.check())
  }

  /** What another process has to be told to decide as this one does. */
  get standing(): Standing {
    return standingOf(this.#state)
  }

  /** The inventory that is gone by, and its digest. */
  get inventoryInUse(): { readonly digest: Digest; readonly inventory: Inventory } | undefined {
    return this.#inventory?.inUse
  }

  /** Takes in what another process has found out that it holds. */
  learn(request: OciRequest, presence: Presence): void {
    this.#presence.learn(presenceKey(this.backend, request), presence)
  }

  /** Takes in how long a content is, in bytes; what is no length, as a header may say, is not. */
  learnSize(request: OciRequest, size: number): void {
    const digest = digestIn(request)
    // A copy: a digest is a slice that would keep its whole request target in memory.
    if (digest !== undefined && Number.isSafeInteger(size) && size >= 0)
      this.#environment.sizes.set(` ${digest}`.slice(1) as Digest, size)
  }

  /** Goes by an inventory that another process has loaded: the one that is in memory, or else what `read` gives. */
  async takeInventory(digest: Digest, read: () => Promise<Inventory>): Promise<void> {
    await this.#inventory?.take(digest, read)
  }

  /** Goes by no inventory any more. */
  forgetInventory(): void {
    this.#inventory?.forget()
  }

  /** Takes in a fact: its state becomes another, what follows from that happens, and whoever listens is told. */
  record(fact: Fact): void {
    if (this.#disposed) return
    const before = this.#state
    const { runtime, observers, elsewhere } = this.#environment
    if (elsewhere !== undefined && fact.kind !== 'told') {
      elsewhere.report(this, fact)
      return
    }
    const { interval, failures, successes } = this.#settings.health
    const after = reduce(before, fact, {
      policy: { failures, successes, ejectionTime: interval },
      holdsAnything: this.#presence.statistics().present > 0,
      hasInventory: this.#inventory?.status.at !== undefined,
      now: runtime.now(),
    })
    this.#state = after
    if (after.forgotten !== before.forgotten) {
      this.#presence.clear()
      this.#believesSince = runtime.date().getTime()
    }
    this.#followOwnership(before, after)
    observers.notify({ backend: this, fact, before, after })
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    this.#checker?.stop()
    this.#inventory?.stop()
    this.#announceTried()
  }

  /** What its inventory says, where that is to be believed. */
  #listedPresence(request: OciRequest): 'present' | 'absent' | undefined {
    const { believed, manifests } = this.#state
    if (!believed) return undefined
    const presence = this.#inventory?.presence(request)
    // Until one that is listed has come with its media type, each manifest is looked at before a client is sent for it.
    return request.kind === 'manifest' && presence === 'present' && !manifests?.works ? undefined : presence
  }

  /** Tries it by a manifest that its inventory lists, where it is to serve manifests. Never rejects. */
  async #tryManifest(): Promise<void> {
    const { backend } = this
    const manifest = this.#inventory?.manifest
    if (manifest === undefined || backend.kind !== 'store' || backend.manifestPath === undefined) return
    const service = await checkManifest(backend, manifest, this.#fetch)
    if (service !== undefined) this.record({ kind: 'manifestChecked', service })
  }

  /** An inventory is asked for once its store has proven whose it is, and forgotten when it no longer does. */
  #followOwnership({ ownership: before }: BackendState, { ownership: after }: BackendState): void {
    if (before.status === after.status && before.because === after.because) return
    if (after.status === 'proven') this.#inventory?.refresh()
    else this.#inventory?.forget()
  }

  /** Checks it, unless another door did so lately: what that found counts once, since it may be older than what is seen here. */
  async #check(): Promise<void> {
    const told = await this.#environment.shared.checks?.latest(this.fingerprint)
    const isOut = this.#state.health.status === 'ejected'
    // What was seen here took it out, and only what is seen here brings it back.
    if (told === undefined || (isOut && told.report.result.kind === 'passed')) return this.inspect()
    if (told.at !== this.#toldAt) this.record({ kind: 'checked', report: told.report, milliseconds: 0 })
    this.#toldAt = told.at
    this.#announceTried()
  }

  /** Checks it now, whatever others found; settles when that has had its consequences. */
  async inspect(): Promise<void> {
    if (this.#parts.inspect === undefined || this.#disposed) return
    const { runtime } = this.#environment
    const startedAt = runtime.now()
    const report = await this.#parts.inspect(this.#fetch, this.#state, this.#inventory?.object)
    this.record({ kind: 'checked', report, milliseconds: runtime.now() - startedAt })
    // Whose it is must be proven first, and what fails altogether need not be asked about more.
    if (report.result.kind === 'passed') await this.#tryManifest()
    this.#announceTried()
  }

  /** What other doors found, or else what it says itself. */
  async #find(key: string, request: OciRequest): Promise<Presence> {
    const { runtime, shared } = this.#environment
    const found = await shared.presence?.find(this.fingerprint, key, this.#believesSince)
    if (found !== undefined) return found
    const presence = await this.#probe(request)
    if (shared.presence === undefined || presence === 'unknown' || this.#presence.isBarred(key))
      return presence
    const { ttl, negativeTtl } = this.#settings.presence
    const milliseconds = presence === 'present' ? ttl : negativeTtl
    runtime.background(shared.presence.keep(this.fingerprint, key, presence, milliseconds))
    return presence
  }

  async #probe(request: OciRequest): Promise<Presence> {
    const { runtime } = this.#environment
    const startedAt = runtime.now()
    const finding = await probeBackend(this.backend, request, this.#fetch)
    const milliseconds = runtime.now() - startedAt
    if (finding.size !== undefined) this.learnSize(request, finding.size)
    this.record({ kind: 'probed', request, finding, milliseconds, expectation: this.#expectation(request) })
    return finding.presence
  }

  #expectation(request: OciRequest): Expectation {
    if (this.backend.kind !== 'store') return 'unlisted'
    if (this.#inventory?.status.at === undefined) return 'possible'
    return this.#inventory.listed(request) === undefined ? 'unlisted' : 'listed'
  }
}

/** What a request names by its digest. */
export function digestIn(request: OciRequest): Digest | undefined {
  if (request.kind === 'blob') return request.digest
  return request.kind === 'manifest' && request.byDigest ? request.reference : undefined
}

function timedFetch(runtime: Runtime, { health }: BackendSettings, login: Layer | undefined): Fetch {
  return layered(
    runtime.fetch,
    // Outside of the timeout: a token is asked for by a request of its own.
    ...(login ? [login] : []),
    withUserAgent(runtime.userAgent),
    withTimeout(health.timeout, runtime),
  )
}
