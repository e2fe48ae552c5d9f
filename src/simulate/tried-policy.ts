import { storeOf, upstreamOf } from '../backends/routable.ts'
import type { Config, SponsorConfig } from '../config/config.ts'
import { GenerationalCache } from '../internal/generational-cache.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { parseAddress } from '../net/address.ts'
import type { OciRequest } from '../oci/path.ts'
import type { Backend } from '../routing/backend.ts'
import { pacesOf, payersOf } from '../routing/budget/payers.ts'
import { compileRouting } from '../routing/compile-routing.ts'
import type { Decision } from '../routing/decide.ts'
import { clientKey, drawn, textKey } from '../routing/draw.ts'
import type { Client } from '../routing/locate.ts'
import type { Lookup } from '../routing/locate-by-config.ts'
import { type RoutedRequest, type RouteSources, route } from '../routing/route.ts'
import { createView, type View, type ViewParts } from '../routing/view.ts'
import { listedSize } from './content-sizes.ts'
import { KnownPlaces } from './known-places.ts'
import type { LoggedClient } from './logs/logged-request.ts'
import { type PaceCourse, stepAt } from './pacing/course.ts'

/** A config and what is taken to be otherwise. */
export interface PolicyParts {
  readonly config: Config
  /** Ids of backends that are down. */
  readonly down: readonly string[]
  /** What stores hold, by their ids; one without is taken to hold everything. */
  readonly inventories: ReadonlyMap<string, Inventory>
  /** Where an address is, by the ranges of this config and by the places that it names. */
  readonly lookup: Lookup
  /** The paces of its sponsors; absent for all open. */
  readonly course?: PaceCourse | undefined
}

/** What is decided by at one moment. */
export interface Way {
  readonly view: View
  readonly sources: RouteSources
}

/** A request of a log that is to be decided. */
export interface TriedRequest extends RoutedRequest {
  readonly at: number
  /** Raw path and query. */
  readonly target: string
}

/** Clients that are remembered with their places. */
const CLIENTS_MAX = 2 ** 16
/** Views that are remembered: of a log in the order of time, one is enough. */
const WAYS_MAX = 32

/** Decides as a door with this config does, on what is known from files alone: nobody is asked anything. */
export class TriedPolicy {
  /** For how long the door would believe that a store holds a content, in milliseconds. */
  readonly presenceTtl: number
  readonly #places: KnownPlaces
  readonly #lookup: Lookup
  readonly #inventories: ReadonlyMap<string, Inventory>
  readonly #clients = new GenerationalCache<string, Client>(CLIENTS_MAX)
  readonly #backends: Pick<ViewParts, 'stores' | 'upstreams'>
  readonly #payers: ReadonlyMap<Backend, SponsorConfig>
  readonly #course: PaceCourse | undefined
  readonly #parts: PolicyParts
  readonly #ways = new GenerationalCache<string, Way>(WAYS_MAX)
  readonly #open: Way
  #deciding: TriedRequest | undefined
  /** Of the last request; most are in the order of time. */
  #last: { readonly step: number; readonly way: Way } | undefined

  constructor(parts: PolicyParts) {
    const { config, inventories, lookup, course } = parts
    this.#parts = parts
    this.#places = new KnownPlaces(config)
    this.#lookup = lookup
    this.#inventories = inventories
    this.presenceTtl = config.presence.ttl
    this.#backends = { upstreams: config.upstreams.map(upstreamOf), stores: config.stores.map(storeOf) }
    this.#payers = payersOf(config.sponsors ?? [], this.#all)
    this.#course = course
    this.#open = this.#wayBy(new Map())
  }

  /** Whether somebody pays for any of its backends. */
  get isSponsored(): boolean {
    return this.#payers.size > 0
  }

  /** Whether its paces are known. */
  get isForeseen(): boolean {
    return this.#course !== undefined
  }

  /** Who pays for a backend, by its id. */
  payerOf(backend: Backend): string | undefined {
    return this.#payers.get(backend)?.id
  }

  /** By what is decided at a moment, in milliseconds since 1970. */
  at(moment: number): Way {
    const course = this.#course
    if (course === undefined) return this.#open
    const step = stepAt(course, moment)
    if (this.#last?.step !== step) this.#last = { step, way: this.#way(`at ${step}`, course[step]!.shares) }
    return this.#last.way
  }

  /** By what would be decided, were these sponsors closed and all others open. */
  without(sponsors: readonly string[]): Way {
    return this.#way(`without ${sponsors.join(' ')}`, new Map(sponsors.map((id) => [id, 0])))
  }

  /** Who asked, as this door would see it. */
  clientOf({ address, place, asn }: LoggedClient): Client {
    const key = `${address ?? ''} ${place ?? ''} ${asn ?? ''}`
    let client = this.#clients.get(key)
    if (client === undefined) {
      client = this.#locate(address, place, asn)
      this.#clients.set(key, client)
    }
    return client
  }

  decide(tried: TriedRequest, { sources }: Way): Decision {
    this.#deciding = tried
    const decision = route(tried, sources)
    if (decision instanceof Promise) throw new TypeError('a decision on what is known has waited')
    return decision
  }

  /** Whether the door would have to ask this backend what it holds. */
  mustAsk(backend: Backend): boolean {
    return backend.kind === 'store' && !this.#inventories.has(backend.id)
  }

  get #all(): readonly Backend[] {
    return [...this.#backends.stores, ...this.#backends.upstreams]
  }

  #way(name: string, shares: ReadonlyMap<string, number>): Way {
    const found = this.#ways.get(name)
    if (found !== undefined) return found
    const made = this.#wayBy(shares)
    this.#ways.set(name, made)
    return made
  }

  #wayBy(shares: ReadonlyMap<string, number>): Way {
    const { config, down } = this.#parts
    const paces = pacesOf(config.sponsors ?? [], this.#all, shares)
    const view = createView({
      ...this.#backends,
      ...compileRouting(config),
      isUsable: ({ id }) => !down.includes(id),
      ...(paces.size > 0 && { paceOf: (backend: Backend) => paces.get(backend) }),
    })
    const sources: RouteSources = {
      view: () => view,
      known: (backend, request) => this.#holds(backend, request),
      listed: (store, request) => this.#listed(store, request),
      spill: { maySpill: (from) => this.#maySpill(from), overSpill: config.spill?.over ?? 'canonical' },
    }
    return { view, sources }
  }

  #locate(text: string | undefined, name: string | undefined, asn: number | undefined): Client {
    const address = text === undefined ? undefined : parseAddress(text)
    const via = address === undefined ? 'unknown' : 'peer'
    const given = name === undefined ? undefined : this.#places.named(name)
    if (given !== undefined) return { address, via, located: { place: given, source: 'given' } }
    const found = address === undefined ? undefined : this.#lookup(address)
    const network = found === undefined && asn !== undefined ? this.#places.ofAsn(asn) : undefined
    return { address, via, located: network === undefined ? found : { place: network, source: 'asn' } }
  }

  /** Draws each request for itself: a door counts in each minute how many it has moved, which threads cannot. */
  #maySpill({ id }: Backend): boolean {
    const { spill } = this.#parts.config
    if (spill === undefined) return true
    const { at, target, client } = this.#deciding!
    const key = clientKey(client.address) ^ textKey(`${at} ${target}`)
    return drawn(key, textKey(`spill ${id}`)) < spill.maxShare
  }

  #holds(backend: Backend, request: OciRequest): 'present' | 'absent' {
    const inventory = this.#inventories.get(backend.id)
    if (inventory === undefined) return 'present'
    return listedSize(inventory, request) === undefined ? 'absent' : 'present'
  }

  #listed({ id }: Backend, request: OciRequest): ReturnType<RouteSources['listed']> {
    const inventory = this.#inventories.get(id)
    if (inventory === undefined) return undefined
    if (request.kind === 'blob') {
      const size = inventory.blob(request.digest)
      return size === undefined ? undefined : { size }
    }
    return request.kind === 'manifest' && request.byDigest ? inventory.manifest(request.reference) : undefined
  }
}
