import type { Digest } from '../oci/digest.ts'

/** One content of a store. */
export interface InventoryEntry {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  /** Of a manifest; absent for a blob. */
  readonly mediaType?: string
}

/** The complete list of what a store holds, at one moment. */
export interface Inventory {
  /** When it was made, in milliseconds since 1970. */
  readonly at: number
  readonly count: number
  /** The file that it was read from; it must not be changed. */
  readonly bytes: Uint8Array
  /** Size of a blob in bytes; `undefined` when it is not listed. */
  blob(digest: Digest): number | undefined
  manifest(digest: Digest): { readonly size: number; readonly mediaType: string } | undefined
  entries(): Iterable<InventoryEntry>
}
