import { createHash, generateKeyPairSync } from 'node:crypto'
import { type OwnershipStatement, signOwnership } from '../../src/backends/ownership/ownership.ts'
import { importPrivateKey, signBytes } from '../../src/backends/ownership/ownership-key.ts'
import { encodeInventory } from '../../src/inventory/encode.ts'
import type { InventoryEntry } from '../../src/inventory/inventory.ts'
import { INVENTORY_POINTER_PATH, inventoryPath, OWNERSHIP_PATH } from '../../src/inventory/paths.ts'
import { formatInventoryPointer, type InventoryPointer } from '../../src/inventory/pointer.ts'
import type { Digest } from '../../src/oci/digest.ts'
import type { TestBlob } from './content.ts'
import type { Served } from './misbehaving.ts'

/** An inventory as `sync` leaves it in a store, and where. */
export interface TestInventory {
  readonly pointer: InventoryPointer
  readonly bytes: Uint8Array<ArrayBuffer>
}

export function makeInventory(contents: readonly TestBlob[], at: number): TestInventory {
  const bytes = encodeInventory(contents.map(entryOf), at)
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest
  return { pointer: { at, digest, count: contents.length, bytes: bytes.length }, bytes }
}

/** Lays an inventory among what a store serves, by path. */
export function layInventory(served: Map<string, Served>, { pointer, bytes }: TestInventory): void {
  served.set(`/${inventoryPath(pointer.digest)}`, { bytes })
  served.set(`/${INVENTORY_POINTER_PATH}`, {
    bytes: formatInventoryPointer(pointer),
    type: 'application/json',
  })
}

/** What has a media type is a manifest. */
function entryOf({ digest, bytes, type }: TestBlob): InventoryEntry {
  return { digest: digest as Digest, size: bytes.length, ...(type !== undefined && { mediaType: type }) }
}

/** An operator's key: the private half in PEM, the public one as a config has it. */
export interface TestKey {
  readonly privatePem: string
  readonly publicKey: string
}

export function makeKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  }
}

/** A proof of version 1, as `sync` laid it into stores before a proof named an inventory. */
export async function signFirstProof(key: TestKey, store: string, issued: number): Promise<Uint8Array> {
  const statement = { version: 1, store, issued: new Date(issued).toISOString() }
  const lines = `portolan proof of ownership 1\n${store}\n${statement.issued}\n`
  const privateKey = await importPrivateKey(key.privatePem, 'the key')
  const signature = await signBytes(new TextEncoder().encode(lines), privateKey)
  return new TextEncoder().encode(JSON.stringify({ ...statement, signature }))
}

/** Lays a proof of ownership of version 1 among what a store serves, by path. */
export async function layFirstProof(
  served: Map<string, Served>,
  key: TestKey,
  store: string,
  issued = Date.now(),
): Promise<void> {
  const bytes = await signFirstProof(key, store, issued)
  served.set(`/${OWNERSHIP_PATH}`, { bytes: Buffer.from(bytes), type: 'application/json' })
}

/** Lays a proof of ownership among what a store serves, by path. */
export async function layProof(
  served: Map<string, Served>,
  key: TestKey,
  statement: Omit<OwnershipStatement, 'issued'> & { readonly issued?: number },
): Promise<void> {
  const privateKey = await importPrivateKey(key.privatePem, 'the key')
  const bytes = await signOwnership({ issued: Date.now(), ...statement }, privateKey)
  served.set(`/${OWNERSHIP_PATH}`, { bytes, type: 'application/json' })
}
