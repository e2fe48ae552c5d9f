import { type Digest, digestAlgorithm, digestEncoded, isVerifiable } from './digest.ts'

const ALGORITHMS: Readonly<Record<string, string>> = { sha256: 'SHA-256', sha512: 'SHA-512' }

/** Whether these bytes are what the digest names; false for an algorithm that cannot be computed here. */
export async function matchesDigest(bytes: Uint8Array<ArrayBuffer>, digest: Digest): Promise<boolean> {
  if (!isVerifiable(digest)) return false
  const hash = await crypto.subtle.digest(ALGORITHMS[digestAlgorithm(digest)]!, bytes)
  const hex = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex === digestEncoded(digest)
}
