import type { InventoryEntry } from '../inventory/inventory.ts'
import type { Digest } from '../oci/digest.ts'
import type { Done } from '../storage/workspace.ts'
import type { FoundInventory } from './store-inventory.ts'

/** What a store is known to hold. */
export interface Holdings {
  /** The inventory that was there when it was read, whether it is believed or not. */
  readonly base: FoundInventory | undefined
  /** Whether the inventory tells something else, or is not believed. */
  readonly changed: boolean
  readonly count: number
  hasBlob(digest: Digest): boolean
  hasManifest(digest: Digest): boolean
  /** Notes what was stored and verified. */
  add(digest: Digest, done: Done): void
  /** Notes that it is not there, or not what it should be, whatever the inventory says. */
  remove(entry: InventoryEntry): void
  /** Whether it is known otherwise than by the inventory. */
  isNew(entry: InventoryEntry): boolean
  entries(): Iterable<InventoryEntry>
}

/** What is known of an inventory that lies in a store. */
interface Beginning {
  readonly base: FoundInventory | undefined
  /** Whether what it lists is taken to be there. */
  readonly believed: boolean
  /** Whether it has to be written anew, whatever it says: it lacks our signature. */
  readonly unsigned?: boolean
}

/** The inventory of a store stays as compact as it is; only what is new is kept beside it. */
export function createHoldings({ base, believed, unsigned = false }: Beginning): Holdings {
  const inventory = believed ? base?.inventory : undefined
  const added = { blobs: new Map<Digest, Done>(), manifests: new Map<Digest, Done>() }
  const removed = { blobs: new Set<Digest>(), manifests: new Set<Digest>() }
  const kindOf = ({ mediaType }: Pick<Done, 'mediaType'>) => (mediaType === undefined ? 'blobs' : 'manifests')
  const listed = (kind: 'blobs' | 'manifests', digest: Digest) =>
    !removed[kind].has(digest) &&
    (kind === 'blobs' ? inventory?.blob(digest) : inventory?.manifest(digest)) !== undefined
  return {
    base,
    get changed() {
      const known = [added.blobs, added.manifests, removed.blobs, removed.manifests]
      return unsigned || inventory === undefined || known.some(({ size }) => size > 0)
    },
    get count() {
      const fromInventory = (inventory?.count ?? 0) - removed.blobs.size - removed.manifests.size
      return fromInventory + added.blobs.size + added.manifests.size
    },
    hasBlob: (digest) => added.blobs.has(digest) || listed('blobs', digest),
    hasManifest: (digest) => added.manifests.has(digest) || listed('manifests', digest),
    add(digest, done) {
      const kind = kindOf(done)
      if (!listed(kind, digest)) added[kind].set(digest, done)
    },
    remove(entry) {
      const kind = kindOf(entry)
      added[kind].delete(entry.digest)
      if (listed(kind, entry.digest)) removed[kind].add(entry.digest)
    },
    isNew: (entry) => added[kindOf(entry)].has(entry.digest),
    *entries() {
      for (const entry of inventory?.entries() ?? []) {
        if (!removed[kindOf(entry)].has(entry.digest)) yield entry
      }
      for (const [digest, done] of [...added.blobs, ...added.manifests]) yield { digest, ...done }
    },
  }
}
