import { PortolanError } from '../errors.ts'
import { decodeInventory } from '../inventory/decode.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { INVENTORY_POINTER_PATH, inventoryPath } from '../inventory/paths.ts'
import { type InventoryPointer, POINTER_MAX_BYTES, parseInventoryPointer } from '../inventory/pointer.ts'
import type { Digest } from '../oci/digest.ts'
import type { Runtime } from '../runtime.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { readBody } from '../transport/read-body.ts'
import { lookAgain } from './look-again.ts'
import type { Target } from './target.ts'

/** An inventory as it lies in a store. */
export interface FoundInventory {
  readonly pointer: InventoryPointer
  readonly inventory: Inventory
}

/** A copy of the inventory nearer than the store. */
export interface InventoryCopy {
  read(): Promise<Uint8Array | undefined>
  keep(bytes: Uint8Array): Promise<void>
}

/** What reading an inventory needs: a store may show it some seconds late. */
export type InventoryRuntime = Pick<Runtime, 'createHash' | 'after' | 'random'>

/**
 * Reads the inventory that lies in a store, or the copy when that is the same; `undefined` when there is none. Throws
 * `CONTENT_INVALID` for a bad one.
 */
export async function readStoreInventory(
  target: Target,
  runtime: InventoryRuntime,
  copy?: InventoryCopy,
): Promise<FoundInventory | undefined> {
  const kept = await copy?.read()
  const read = () => readWhole(target.objects, INVENTORY_POINTER_PATH, POINTER_MAX_BYTES)
  // Whoever has a copy knows that there was one.
  const text = kept === undefined ? await read() : await lookAgain(runtime, read)
  if (text === undefined) return undefined
  let pointer = parseInventoryPointer(text)
  const bytes = await lookAgain(runtime, async () => {
    if (kept !== undefined && matches(kept, pointer, runtime)) return kept
    const found = await readWhole(target.objects, inventoryPath(pointer.digest), pointer.bytes)
    if (found !== undefined) return found
    // It may be the pointer that is old, and what it named gone.
    const next = await read()
    if (next !== undefined) pointer = parseInventoryPointer(next)
    return undefined
  })
  const inventory = decodeMatching(bytes, pointer, runtime)
  if (bytes !== kept) await copy?.keep(bytes!)
  return { pointer, inventory }
}

/** Reads the inventory that a pointer names. Throws `CONTENT_INVALID` for a bad one. */
export async function followPointer(
  { objects }: Target,
  pointer: InventoryPointer,
  runtime: InventoryRuntime,
): Promise<FoundInventory> {
  const key = inventoryPath(pointer.digest)
  const bytes = await lookAgain(runtime, () => readWhole(objects, key, pointer.bytes))
  return { pointer, inventory: decodeMatching(bytes, pointer, runtime) }
}

function decodeMatching(
  bytes: Uint8Array | undefined,
  pointer: InventoryPointer,
  runtime: InventoryRuntime,
): Inventory {
  const key = inventoryPath(pointer.digest)
  if (bytes === undefined) throw unusable(`there is no ${key}, though ${INVENTORY_POINTER_PATH} names it`)
  if (!matches(bytes, pointer, runtime)) throw unusable(`${key} was altered`)
  return decodeInventory(bytes)
}

function matches(bytes: Uint8Array, pointer: InventoryPointer, runtime: InventoryRuntime): boolean {
  return bytes.length === pointer.bytes && digestOf(bytes, runtime) === pointer.digest
}

async function readWhole(objects: ObjectStore, key: string, limit: number): Promise<Uint8Array | undefined> {
  const stream = await objects.get(key)
  if (stream === undefined) return undefined
  const bytes = await readBody(new Response(stream), limit)
  if (bytes === undefined) throw unusable(`${key} has more than ${limit} bytes`)
  return bytes
}

/** The sha256 digest of bytes. */
export function digestOf(bytes: Uint8Array, { createHash }: Pick<Runtime, 'createHash'>): Digest {
  const hash = createHash('sha256')
  hash.update(bytes)
  return `sha256:${hash.hex()}` as Digest
}

function unusable(message: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', message)
}
