import { PortolanError } from '../errors.ts'
import type { CreateHash } from '../internal/hash.ts'
import { decodeInventory } from '../inventory/decode.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { INVENTORY_POINTER_PATH, inventoryPath } from '../inventory/paths.ts'
import { POINTER_MAX_BYTES, parseInventoryPointer } from '../inventory/pointer.ts'
import { digestEncoded } from '../oci/digest.ts'
import { readBody } from '../transport/read-body.ts'
import type { Target } from './target.ts'

/** Reads the inventory that lies in a store; `undefined` when there is none. Throws `CONTENT_INVALID` for a bad one. */
export async function readStoreInventory(
  { objects }: Target,
  createHash: CreateHash,
): Promise<Inventory | undefined> {
  const read = async (key: string, limit: number) => {
    const stream = await objects.get(key)
    if (stream === undefined) return undefined
    const bytes = await readBody(new Response(stream), limit)
    if (bytes === undefined) throw unusable(`${key} has more than ${limit} bytes`)
    return bytes
  }
  const text = await read(INVENTORY_POINTER_PATH, POINTER_MAX_BYTES)
  if (text === undefined) return undefined
  const pointer = parseInventoryPointer(text)
  const key = inventoryPath(pointer.digest)
  const bytes = await read(key, pointer.bytes)
  if (bytes === undefined) throw unusable(`there is no ${key}, though ${INVENTORY_POINTER_PATH} names it`)
  const hash = createHash('sha256')
  hash.update(bytes)
  if (hash.hex() !== digestEncoded(pointer.digest)) throw unusable(`${key} was altered`)
  return decodeInventory(bytes)
}

function unusable(message: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', message)
}
