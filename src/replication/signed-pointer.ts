import type { OwnershipStatement } from '../backends/ownership/ownership.ts'
import { type InventoryPointer, pointerStatement } from '../inventory/pointer.ts'
import type { Runtime } from '../runtime.ts'
import type { Target } from './target.ts'

/** What the operator's key makes. */
export interface Signer {
  /** The proof of whose a store is, to be laid into it. */
  prove(statement: Omit<OwnershipStatement, 'issued'>): Promise<Uint8Array>
  /** An Ed25519 signature, in base64: the same of the same (RFC 8032, section 5.1.6). */
  sign(statement: Uint8Array<ArrayBuffer>): Promise<string>
}

/** A pointer with its signature; as it is where there is no key. */
export async function signPointer(
  { id }: Target,
  pointer: InventoryPointer,
  signer: Signer | undefined,
  { date }: Pick<Runtime, 'date'>,
): Promise<InventoryPointer> {
  if (signer === undefined) return pointer
  const stated = { store: id, issued: date().getTime() }
  return { ...pointer, proof: { ...stated, signature: await signer.sign(pointerStatement(pointer, stated)) } }
}

/** Whether a pointer was signed with this key for this store; true of any where there is no key. */
export async function isOurs(
  { id }: Target,
  pointer: InventoryPointer,
  signer: Signer | undefined,
): Promise<boolean> {
  if (signer === undefined) return true
  const { proof } = pointer
  if (proof?.store !== id) return false
  return (await signer.sign(pointerStatement(pointer, proof))) === proof.signature
}
