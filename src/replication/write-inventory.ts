import { encodeInventory } from '../inventory/encode.ts'
import { INVENTORY_POINTER_PATH, inventoryPath, OWNERSHIP_PATH } from '../inventory/paths.ts'
import { formatInventoryPointer } from '../inventory/pointer.ts'
import type { Runtime } from '../runtime.ts'
import type { ObjectHeaders } from '../storage/object-store.ts'
import type { Workspace } from '../storage/workspace.ts'
import { contentHeaders } from './deliver.ts'
import type { Holdings } from './holdings.ts'
import { inventoryCopy } from './read-holdings.ts'
import { digestOf } from './store-inventory.ts'
import type { Target } from './target.ts'

export interface InventoryParts {
  readonly runtime: Runtime
  readonly workspace: Workspace
  /** When the run began: stores that hold the same then have the same inventory, which a door keeps once. */
  readonly at: number
  /** Makes the proof of whose a store is, to be laid into it; absent for none. */
  readonly prove?: (store: string) => Promise<Uint8Array>
}

/** What changes under its name: a cache may answer with an old one for a minute. */
const CHANGING: ObjectHeaders = { contentType: 'application/json', cacheControl: 'public, max-age=60' }

/**
 * Leaves in a store the list of all that it holds, when there is anything new: the file first, then the pointer to it,
 * so that whoever reads the one finds the other. The one before stays, for those who have just read its pointer.
 */
export async function writeInventory(
  target: Target,
  holdings: Holdings,
  { runtime, workspace, at }: InventoryParts,
): Promise<void> {
  const { id, objects } = target
  // The first one of a store of which nothing is known would say of all that lies there that it does not.
  if (holdings.changed && (holdings.count > 0 || holdings.pointer !== undefined)) {
    const bytes = encodeInventory(holdings.entries(), at)
    const digest = digestOf(bytes, runtime)
    const pointer = { at, digest, count: holdings.count, bytes: bytes.length }
    await objects.put(inventoryPath(digest), bytes, contentHeaders())
    await objects.put(INVENTORY_POINTER_PATH, formatInventoryPointer(pointer), CHANGING)
    await workspace.keepFile(inventoryCopy(id), bytes)
    const current = [digest, ...(holdings.pointer === undefined ? [] : [holdings.pointer.digest])].map(
      inventoryPath,
    )
    for await (const { key } of objects.list('portolan/inventory-')) {
      if (!current.includes(key)) await objects.delete(key)
    }
  }
  await workspace.settle(id)
}

/** Lays the proof of ownership into a store. It says when it was made, and so is made anew by every run. */
export async function writeProof(
  { id, objects }: Target,
  { prove }: Pick<InventoryParts, 'prove'>,
): Promise<void> {
  if (prove !== undefined) await objects.put(OWNERSHIP_PATH, await prove(id), CHANGING)
}
