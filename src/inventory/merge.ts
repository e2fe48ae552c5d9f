import type { Inventory, InventoryEntry } from './inventory.ts'

/** What one of two writers knows of a store. */
export interface OwnEntries {
  readonly entries: Iterable<InventoryEntry>
  /** Whether it is known otherwise than by the inventory that was there at the beginning. */
  isNew(entry: InventoryEntry): boolean
}

/**
 * What two writers of one store know together, who both began with `base`: all that either has added, and nothing that
 * either has found not to be there, unless the other has stored it since.
 */
export function mergeInventories(
  ours: OwnEntries,
  theirs: Inventory,
  base: Inventory | undefined,
): InventoryEntry[] {
  const merged: InventoryEntry[] = []
  const taken = { blobs: new Set<string>(), manifests: new Set<string>() }
  const takenOf = ({ mediaType }: InventoryEntry) => (mediaType === undefined ? taken.blobs : taken.manifests)
  const take = (entry: InventoryEntry) => {
    takenOf(entry).add(entry.digest)
    merged.push(entry)
  }
  for (const entry of ours.entries) {
    if (ours.isNew(entry) || !lists(base, entry) || lists(theirs, entry)) take(entry)
  }
  for (const entry of theirs.entries()) {
    if (!lists(base, entry) && !takenOf(entry).has(entry.digest)) take(entry)
  }
  return merged
}

function lists(inventory: Inventory | undefined, { digest, mediaType }: InventoryEntry): boolean {
  return (mediaType === undefined ? inventory?.blob(digest) : inventory?.manifest(digest)) !== undefined
}
