import { PortolanError } from '../errors.ts'
import { decodeInventory } from '../inventory/decode.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { INVENTORY_POINTER_PATH, inventoryPath } from '../inventory/paths.ts'
import { type InventoryPointer, POINTER_MAX_BYTES, parseInventoryPointer } from '../inventory/pointer.ts'
import type { Digest } from '../oci/digest.ts'
import type { Runtime } from '../runtime.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { readBody } from '../transport/read-body.ts'
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

/**
 * Reads the inventory that lies in a store, or the copy when that is the same; `undefined` when there is none. Throws
 * `CONTENT_INVALID` for a bad one.
 */
export async function readStoreInventory(
  target: Target,
  runtime: Pick<Runtime, 'createHash'>,
  copy?: InventoryCopy,
): Promise<FoundInventory | undefined> {
  const text = await readWhole(target.objects, INVENTORY_POINTER_PATH, POINTER_MAX_BYTES)
  if (text === undefined) return undefined
  return followPointer(target, parseInventoryPointer(text), runtime, copy)
}

/** Reads the inventory that a pointer names, or the copy when that is the same. Throws `CONTENT_INVALID` for a bad one. */
export async function followPointer(
  { objects }: Target,
  pointer: InventoryPointer,
  runtime: Pick<Runtime, 'createHash'>,
  copy?: InventoryCopy,
): Promise<FoundInventory> {
  const matches = (bytes: Uint8Array) =>
    bytes.length === pointer.bytes && digestOf(bytes, runtime) === pointer.digest
  const kept = await copy?.read()
  if (kept !== undefined && matches(kept)) return { pointer, inventory: decodeInventory(kept) }

  const key = inventoryPath(pointer.digest)
  const bytes = await readWhole(objects, key, pointer.bytes)
  if (bytes === undefined) throw unusable(`there is no ${key}, though ${INVENTORY_POINTER_PATH} names it`)
  if (!matches(bytes)) throw unusable(`${key} was altered`)
  const inventory = decodeInventory(bytes)
  await copy?.keep(bytes)
  return { pointer, inventory }
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
