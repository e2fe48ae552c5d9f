import { createHash as createNodeHash } from 'node:crypto'
import type { CreateHash } from '../runtime.ts'

/** Hashes by the runtime's OpenSSL or BoringSSL. */
export const createHash: CreateHash = (algorithm) => {
  const hash = createNodeHash(algorithm)
  return {
    update(bytes) {
      hash.update(bytes)
    },
    hex: () => hash.digest('hex'),
  }
}
