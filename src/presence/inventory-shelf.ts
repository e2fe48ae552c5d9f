import type { Inventory } from '../inventory/inventory.ts'
import type { Digest } from '../oci/digest.ts'
import type { OciRequest } from '../oci/path.ts'
import type { Store } from '../routing/backend.ts'
import type { Listed } from '../routing/decide.ts'

/** The inventories of stores, to look things up in: no I/O, and nothing is kept of what is asked. */
export interface InventoryShelf {
  /**
   * What the inventory of a store says of a request: what it lists is present. What it does not list is absent, unless
   * another store's newer one lists it: then it may have come to this store too. `undefined` where nothing can be said
   * and the store has to be asked.
   */
  verdict(store: Store, request: OciRequest): 'present' | 'absent' | undefined
  /** What the inventory of a store says of a content, whether it is believed or not. */
  listed(store: Store, request: OciRequest): Listed | undefined
  /** A blob that is listed, small enough to be fetched again and again. */
  canary(store: Store): Digest | undefined
  get(store: Store): Inventory | undefined
  /** Believes an inventory from now on, in place of the one before. */
  put(store: Store, inventory: Inventory): void
  remove(store: Store): void
  /** Believes what the inventory of a store says, or no longer; true when that changes anything. */
  believe(store: Store, believed: boolean): boolean
  isBelieved(store: Store): boolean
}

interface Entry {
  readonly inventory: Inventory
  readonly canary: Digest | undefined
  believed: boolean
}

/** Bounds of a canary in bytes: a range needs two, and it is fetched whole. */
const CANARY_MIN_BYTES = 2
const CANARY_MAX_BYTES = 1_048_576
/** How many entries are looked at for a canary: digests are in no order that has to do with sizes. */
const CANARY_SAMPLE = 1000

export function createInventoryShelf(): InventoryShelf {
  const entries = new Map<Store, Entry>()
  /** Each once, the newest first. */
  let newest: readonly Inventory[] = []

  function sort(): void {
    const inventories = new Set([...entries.values()].map(({ inventory }) => inventory))
    newest = [...inventories].sort((a, b) => b.at - a.at)
  }

  return {
    verdict(store, request) {
      const entry = entries.get(store)
      if (!entry?.believed || !isByDigest(request)) return undefined
      const { inventory } = entry
      if (isListed(inventory, request)) return 'present'
      for (const other of newest) {
        if (other.at <= inventory.at) break
        if (isListed(other, request)) return undefined
      }
      return 'absent'
    },
    listed(store, request) {
      const inventory = entries.get(store)?.inventory
      if (inventory === undefined || !isByDigest(request)) return undefined
      if (request.kind === 'manifest') return inventory.manifest(request.reference)
      const size = inventory.blob(request.digest)
      return size === undefined ? undefined : { size }
    },
    canary: (store) => entries.get(store)?.canary,
    get: (store) => entries.get(store)?.inventory,
    put(store, inventory) {
      entries.set(store, { inventory, canary: findCanary(inventory), believed: true })
      sort()
    },
    remove(store) {
      if (entries.delete(store)) sort()
    },
    believe(store, believed) {
      const entry = entries.get(store)
      if (entry === undefined || entry.believed === believed) return false
      entry.believed = believed
      return true
    },
    isBelieved: (store) => entries.get(store)?.believed ?? false,
  }
}

type ByDigest = (OciRequest & { kind: 'blob' }) | (OciRequest & { kind: 'manifest'; byDigest: true })

function isByDigest(request: OciRequest): request is ByDigest {
  return request.kind === 'blob' || (request.kind === 'manifest' && request.byDigest)
}

function isListed(inventory: Inventory, request: ByDigest): boolean {
  return request.kind === 'blob'
    ? inventory.blob(request.digest) !== undefined
    : inventory.manifest(request.reference) !== undefined
}

/** The smallest blob of the first that are listed. */
function findCanary(inventory: Inventory): Digest | undefined {
  let smallest = CANARY_MAX_BYTES + 1
  let canary: Digest | undefined
  let seen = 0
  for (const { digest, size, mediaType } of inventory.entries()) {
    if (++seen > CANARY_SAMPLE) break
    if (mediaType !== undefined || size < CANARY_MIN_BYTES || size >= smallest) continue
    canary = digest
    smallest = size
  }
  return canary
}
