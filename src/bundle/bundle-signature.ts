import { type OwnershipKey, verifyBytes } from '../backends/ownership/ownership-key.ts'
import { PortolanError } from '../errors.ts'
import type { BundleHead } from './bundle-head.ts'

/** Throws `CONTENT_INVALID` unless the holder of the key's private half has signed the index of a bundle. */
export async function checkSignature(
  { bytes, signature }: Pick<BundleHead, 'bytes' | 'signature'>,
  key: OwnershipKey,
  location: string,
): Promise<void> {
  if (signature === undefined) throw invalid(`${location} is not signed`)
  if (!(await verifyBytes(bytes, signature, key)))
    throw invalid(`${location} was not signed by the holder of this key, or was altered since`)
}

function invalid(message: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', message)
}
