import { Semaphore } from '../../internal/semaphore.ts'
import type { Inventory } from '../../inventory/inventory.ts'
import type { Digest } from '../../oci/digest.ts'
import type { OciRequest } from '../../oci/path.ts'

/** The inventories in use, of all stores: each is in memory once, whichever stores have it. */
export interface Inventories {
  /** The inventory of this digest: in use somewhere, on its way already, or else what `download` brings in its turn. */
  obtain(digest: Digest, download: () => Promise<Inventory>): Promise<Inventory>
  /** The one of this digest, where it is in use. */
  of(digest: Digest): Inventory | undefined
  /** Takes note that a store goes by this inventory now, in place of the one before. */
  put(holder: object, digest: Digest, inventory: Inventory): void
  remove(holder: object): void
  /** Whether an inventory that is newer than this one lists what is asked for. */
  newerLists(than: Inventory, request: ByDigest): boolean
  /** Whether there are inventories, and none of them lists what is asked for. */
  noneLists(request: ByDigest): boolean
}

/** A request for what a digest names: an inventory lists nothing else. */
export type ByDigest = (OciRequest & { kind: 'blob' }) | (OciRequest & { kind: 'manifest'; byDigest: true })

/** Files that are fetched at once: each may be large. */
const MAX_DOWNLOADS = 4

export function createInventories(): Inventories {
  const entries = new Map<object, { readonly digest: Digest; readonly inventory: Inventory }>()
  const downloads = new Map<Digest, Promise<Inventory>>()
  const places = new Semaphore(MAX_DOWNLOADS)
  /** Each once, the newest first. */
  let newest: readonly Inventory[] = []

  function sort(): void {
    const inventories = new Set([...entries.values()].map(({ inventory }) => inventory))
    newest = [...inventories].sort((a, b) => b.at - a.at)
  }

  function of(digest: Digest): Inventory | undefined {
    for (const entry of entries.values()) if (entry.digest === digest) return entry.inventory
    return undefined
  }

  return {
    of,
    async obtain(digest, download) {
      for (;;) {
        const inUse = of(digest)
        if (inUse !== undefined) return inUse
        const running = downloads.get(digest)
        if (running === undefined) break
        const inventory = await running.catch(() => undefined)
        if (inventory !== undefined) return inventory
        // The other store could not give it; then it is the turn of the next.
      }
      const fetched = places.run(download).finally(() => downloads.delete(digest))
      downloads.set(digest, fetched)
      return fetched
    },
    put(holder, digest, inventory) {
      entries.set(holder, { digest, inventory })
      sort()
    },
    remove(holder) {
      if (entries.delete(holder)) sort()
    },
    newerLists(than, request) {
      for (const other of newest) {
        if (other.at <= than.at) return false
        if (isListed(other, request)) return true
      }
      return false
    },
    noneLists: (request) => newest.length > 0 && !newest.some((inventory) => isListed(inventory, request)),
  }
}

export function isByDigest(request: OciRequest): request is ByDigest {
  return request.kind === 'blob' || (request.kind === 'manifest' && request.byDigest)
}

export function isListed(inventory: Inventory, request: ByDigest): boolean {
  return request.kind === 'blob'
    ? inventory.blob(request.digest) !== undefined
    : inventory.manifest(request.reference) !== undefined
}
