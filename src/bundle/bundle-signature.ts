import { type OwnershipKey, type SignBytes, verifyBytes } from '../backends/ownership/ownership-key.ts'
import { PortolanError } from '../errors.ts'
import { formatReceipt, type Receipt } from './form.ts'

/** What somebody has signed, or should have. */
export interface Signed {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** In base64. */
  readonly signature?: string | undefined
}

/** Throws `CONTENT_INVALID` unless the holder of the key's private half has signed it; `location` names it in errors. */
export async function checkSignature(
  { bytes, signature }: Signed,
  key: OwnershipKey,
  location: string,
): Promise<void> {
  if (signature === undefined) throw invalid(`${location} is not signed`)
  if (!(await verifyBytes(bytes, signature, key)))
    throw invalid(`${location} was not signed by the holder of this key, or was altered since`)
}

/** Signs a receipt. */
export async function signReceipt(receipt: Receipt, sign: SignBytes): Promise<Receipt> {
  return { ...receipt, signature: await sign(statementOf(receipt)) }
}

/** Throws `CONTENT_INVALID` unless the holder of the key's private half has signed a receipt. */
export async function checkReceipt(receipt: Receipt, key: OwnershipKey, source: string): Promise<void> {
  await checkSignature({ bytes: statementOf(receipt), signature: receipt.signature }, key, source)
}

/**
 * The bytes that the signature of a receipt is about: the receipt as we write it, without the signature. So one that was
 * only laid out anew is still right, and what is no receipt, such as the index of a bundle, never has these bytes.
 */
function statementOf({ signature: _, ...receipt }: Receipt): Uint8Array<ArrayBuffer> {
  return formatReceipt(receipt)
}

function invalid(message: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', message)
}
