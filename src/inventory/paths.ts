import { type Digest, digestEncoded } from '../oci/digest.ts'

/** Where a store says which inventory it has: key in its ObjectStore, and path below its URL. */
export const INVENTORY_POINTER_PATH = 'portolan/inventory.json'

/** Where a store says whose it is. */
export const OWNERSHIP_PATH = 'portolan/owner.json'

/** Where a store says which journal writes it, and whether several may. */
export const WRITER_PATH = 'portolan/writer.json'

/** Where a journal tries for a moment what a store does with conditions. */
export function probePath(writer: string): string {
  return `portolan/probe-${writer}.json`
}

/** Where a store keeps the inventory whose file has this digest: what a pointer says never becomes a path. */
export function inventoryPath(digest: Digest): string {
  return `portolan/${inventoryFile(digest)}`
}

/** The last part of {@link inventoryPath}; fit for a file's name everywhere. */
export function inventoryFile(digest: Digest): string {
  return `inventory-${digestEncoded(digest)}.bin`
}

/** Whether a key is one of those that Portolan keeps in a store for itself. */
export function isOwnPath(key: string): boolean {
  return OWN_KEYS.has(key) || OWN_KEY.test(key)
}

const OWN_KEYS: ReadonlySet<string> = new Set([INVENTORY_POINTER_PATH, OWNERSHIP_PATH, WRITER_PATH])
const OWN_KEY = /^portolan\/(inventory-[a-f0-9]{64}\.bin|probe-[a-z0-9]{1,64}\.json)$/
