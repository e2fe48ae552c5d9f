import { type Refusal, refused } from './refusal.ts'

/** The DER of an Ed25519 SubjectPublicKeyInfo is these 12 bytes (RFC 8410, section 10.1), here in base64, and 32 more. */
const ED25519 = /^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/
/** RFC 7468, section 13. */
const PEM = /^\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]*)-----END PUBLIC KEY-----\s*$/
/** A private key in PEM, or the first bytes of one of Ed25519 in PKCS #8 (RFC 8410, section 10.3). */
const PRIVATE = /PRIVATE KEY|MC4CAQAwBQYDK2Vw/

/** Reads an Ed25519 public key from PEM or from the base64 in it, as that base64 in one line. */
export function readPublicKey(text: string): string | Refusal {
  if (isPrivateKey(text)) {
    return refused(
      'is a private key, which belongs into a file of its own (sync.signingKey); here must stand its public key',
    )
  }
  const base64 = (PEM.exec(text)?.[1] ?? text).replace(/\s+/g, '')
  if (ED25519.test(base64)) return base64
  return refused(
    'must be an Ed25519 public key as "openssl pkey -pubout" prints it, or the line of 60 characters in that',
  )
}

/** Whether a text gives away a private key. */
export function isPrivateKey(text: string): boolean {
  return PRIVATE.test(text)
}
