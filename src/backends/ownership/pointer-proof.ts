import { type InventoryPointer, pointerStatement } from '../../inventory/pointer.ts'
import { type ProvenInventory, SKEW } from './ownership.ts'
import { bytesOf, type OwnershipKey } from './ownership-key.ts'

/** What a store's pointer has to be signed by and for. */
export interface PointerDemand {
  readonly publicKey: OwnershipKey
  /** The id that the proof must name. */
  readonly store: string
  /** In milliseconds since 1970. */
  readonly now: number
}

/**
 * Why a pointer's signature is none: it is by another key, for another store, or of a time to come. `undefined` when it
 * holds, and when there is none. Its age is no fault: a pointer stays as long as nothing is stored.
 */
export async function faultOfPointer(
  pointer: InventoryPointer,
  { publicKey, store, now }: PointerDemand,
): Promise<string | undefined> {
  const { proof } = pointer
  if (proof === undefined) return undefined
  const statement = pointerStatement(pointer, proof)
  const holds = await crypto.subtle.verify('Ed25519', publicKey, bytesOf(proof.signature), statement)
  if (!holds) return 'its signature is not by the key that ownership.publicKey names'
  if (proof.store !== store) return `it is of the store ${JSON.stringify(proof.store)}, not of "${store}"`
  if (proof.issued > now + SKEW)
    return `it was signed at ${new Date(proof.issued).toISOString()}, which is yet to come`
  return undefined
}

/** Why a pointer is not the one that a proof of ownership goes with; `undefined` when it is, and for a proof of version 1. */
export function faultBesideProof(
  { digest }: Pick<InventoryPointer, 'digest'>,
  { issued, inventory }: { readonly issued?: number; readonly inventory?: ProvenInventory },
): string | undefined {
  if (inventory === undefined || inventory === digest) return undefined
  const named = inventory === 'none' ? 'no inventory' : inventory
  return `it names ${digest}, and the proof of ownership of ${new Date(issued ?? 0).toISOString()} goes with ${named}`
}
