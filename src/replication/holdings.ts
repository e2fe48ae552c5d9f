import type { InventoryEntry } from '../inventory/inventory.ts'
import type { InventoryPointer } from '../inventory/pointer.ts'
import type { Digest } from '../oci/digest.ts'
import type { Done } from '../storage/workspace.ts'
import type { FoundInventory } from './store-inventory.ts'

/** What a store is known to hold. */
export interface Holdings {
  /** Where its inventory is, whether it is believed or not. */
  readonly pointer: InventoryPointer | undefined
  /** Whether the inventory tells something else, or is not believed. */
  readonly changed: boolean
  readonly count: number
  hasBlob(digest: Digest): boolean
  hasManifest(digest: Digest): boolean
  /** Notes what was stored and verified. */
  add(digest: Digest, done: Done): void
  entries(): Iterable<InventoryEntry>
}

/** The inventory of a store stays as compact as it is; only what is new is kept beside it. */
export function createHoldings(found: Partial<FoundInventory> | undefined): Holdings {
  const inventory = found?.inventory
  const blobs = new Map<Digest, Done>()
  const manifests = new Map<Digest, Done>()
  return {
    pointer: found?.pointer,
    get changed() {
      return inventory === undefined || blobs.size + manifests.size > 0
    },
    get count() {
      return (inventory?.count ?? 0) + blobs.size + manifests.size
    },
    hasBlob: (digest) => blobs.has(digest) || inventory?.blob(digest) !== undefined,
    hasManifest: (digest) => manifests.has(digest) || inventory?.manifest(digest) !== undefined,
    add(digest, done) {
      const isManifest = done.mediaType !== undefined
      const listed = isManifest ? inventory?.manifest(digest) : inventory?.blob(digest)
      if (listed === undefined) (isManifest ? manifests : blobs).set(digest, done)
    },
    *entries() {
      if (inventory !== undefined) yield* inventory.entries()
      for (const added of [blobs, manifests]) {
        for (const [digest, done] of added) yield { digest, ...done }
      }
    },
  }
}
