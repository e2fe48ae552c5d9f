import type { Config } from '../../config/config.ts'
import { importPublicKey, type OwnershipKey } from './ownership-key.ts'

/** By what the operator's own stores are told from a stranger's. */
export interface OwnershipPolicy {
  readonly publicKey: OwnershipKey
  /** How old a proof may be, in milliseconds. */
  readonly maxAge: number
}

/** What the config's section of that name comes to; `undefined` without one. Throws `CONFIG_INVALID` for no key. */
export async function ownershipPolicyOf({
  ownership,
}: Pick<Config, 'ownership'>): Promise<OwnershipPolicy | undefined> {
  if (ownership === undefined) return undefined
  return { publicKey: await importPublicKey(ownership.publicKey), maxAge: ownership.maxAge }
}
