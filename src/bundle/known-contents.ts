import type { OwnershipKey } from '../backends/ownership/ownership-key.ts'
import { PortolanError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { checkReceipt } from './bundle-signature.ts'
import { isLedger, parseLedger, parseReceipt } from './form.ts'
import { repositoryOf } from './image-name.ts'

/** Who says what is at the other side: that side, or this one, which remembers what it has sent. */
export type KnownBy =
  | {
      readonly kind: 'receipt'
      /** The registry that it is a receipt of. */
      readonly target: string
      /** `unchecked` where nobody has said whose it has to be. */
      readonly signature: 'valid' | 'unchecked' | 'none'
    }
  | { readonly kind: 'ledger' }

/** What is at the other side, and is left out. */
export interface KnownContents {
  readonly digests: ReadonlySet<Digest>
  /** Where it has some of them, `HOST/NAME` as they are called here, as far as that is said. */
  readonly repositories: readonly string[]
  readonly by: KnownBy
}

/**
 * Reads a receipt or a ledger; with a key, a receipt that its holder has signed, and nothing else. Throws
 * `CONTENT_INVALID`, and `USAGE` for a ledger with a key.
 */
export async function readKnownContents(
  bytes: Uint8Array,
  source: string,
  key?: OwnershipKey,
): Promise<KnownContents> {
  if (isLedger(bytes, source)) {
    if (key !== undefined) throw unsignedLedger(source)
    const digests = new Set(parseLedger(bytes, source).contents)
    return { digests, repositories: [], by: { kind: 'ledger' } }
  }
  const receipt = parseReceipt(bytes, source)
  if (key !== undefined) await checkReceipt(receipt, key, source)
  const { target, contents, images, signature: signed } = receipt
  const repositories = [...new Set(images.map(({ name }) => repositoryOf(name)))].sort()
  const signature = key !== undefined ? 'valid' : signed !== undefined ? 'unchecked' : 'none'
  return { digests: new Set(contents), repositories, by: { kind: 'receipt', target, signature } }
}

/** A ledger is what this side has noted for itself. */
export function unsignedLedger(source: string): PortolanError {
  const message = `${source} is a ledger, which is never signed; --key is for receipts`
  return new PortolanError('USAGE', message, { source })
}
