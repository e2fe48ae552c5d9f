import { storeOf, upstreamOf } from '../backends/routable.ts'
import type { Config } from '../config/config.ts'
import { GenerationalCache } from '../internal/generational-cache.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { parseAddress } from '../net/address.ts'
import type { OciRequest } from '../oci/path.ts'
import type { Backend } from '../routing/backend.ts'
import { compileRouting } from '../routing/compile-routing.ts'
import type { Decision } from '../routing/decide.ts'
import type { Client } from '../routing/locate.ts'
import type { Lookup } from '../routing/locate-by-config.ts'
import { type RouteSources, route } from '../routing/route.ts'
import { createView, type View } from '../routing/view.ts'
import { listedSize } from './content-sizes.ts'
import { KnownPlaces } from './known-places.ts'
import type { LoggedClient } from './logs/logged-request.ts'

/** A config and what is taken to be otherwise. */
export interface PolicyParts {
  readonly config: Config
  /** Ids of backends that are down. */
  readonly down: readonly string[]
  /** What stores hold, by their ids; one without is taken to hold everything. */
  readonly inventories: ReadonlyMap<string, Inventory>
  /** Where an address is, by the ranges of this config and by the places that it names. */
  readonly lookup: Lookup
}

/** Clients that are remembered with their places. */
const CLIENTS_MAX = 2 ** 16

/** Decides as a door with this config does, on what is known from files alone: nobody is asked anything. */
export class TriedPolicy {
  readonly view: View
  /** For how long the door would believe that a store holds a content, in milliseconds. */
  readonly presenceTtl: number
  readonly #places: KnownPlaces
  readonly #lookup: Lookup
  readonly #inventories: ReadonlyMap<string, Inventory>
  readonly #clients = new GenerationalCache<string, Client>(CLIENTS_MAX)
  readonly #sources: RouteSources

  constructor({ config, down, inventories, lookup }: PolicyParts) {
    this.#places = new KnownPlaces(config)
    this.#lookup = lookup
    this.#inventories = inventories
    this.presenceTtl = config.presence.ttl
    this.view = createView({
      upstreams: config.upstreams.map(upstreamOf),
      stores: config.stores.map(storeOf),
      ...compileRouting(config),
      isUsable: ({ id }) => !down.includes(id),
    })
    this.#sources = {
      view: () => this.view,
      known: (backend, request) => this.#holds(backend, request),
      listed: (store, request) => this.#listed(store, request),
      // By the log alone nobody can tell how much a door had moved already.
      spill: { maySpill: () => true, overSpill: 'canonical' },
    }
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

  decide(method: 'GET' | 'HEAD', request: OciRequest, query: string, client: Client): Decision {
    const decision = route({ method, request, query, client }, this.#sources)
    if (decision instanceof Promise) throw new TypeError('a decision on what is known has waited')
    return decision
  }

  /** Whether the door would have to ask this backend what it holds. */
  mustAsk(backend: Backend): boolean {
    return backend.kind === 'store' && !this.#inventories.has(backend.id)
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
