import { PortolanError } from '../../errors.ts'

/** A key as the web's own crypto holds it. */
export type OwnershipKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** Gives an Ed25519 signature of some bytes, in base64. */
export type SignBytes = (statement: Uint8Array<ArrayBuffer>) => Promise<string>

/** RFC 7468, section 10. */
const PRIVATE_PEM = /^\s*-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END PRIVATE KEY-----\s*$/

/** Reads the base64 of an Ed25519 SubjectPublicKeyInfo (RFC 8410). Throws `CONFIG_INVALID` for anything else. */
export async function importPublicKey(base64: string): Promise<OwnershipKey> {
  try {
    return await crypto.subtle.importKey('spki', bytesOf(base64), 'Ed25519', true, ['verify'])
  } catch (cause) {
    const message =
      'the public key is none of Ed25519 in SubjectPublicKeyInfo, as "openssl pkey -pubout" prints it'
    throw new PortolanError('CONFIG_INVALID', message, {}, cause)
  }
}

/**
 * Reads an Ed25519 key in PEM (PKCS #8), as `openssl genpkey -algorithm ed25519` writes it; `source` names it in errors.
 * Throws `CONFIG_INVALID` for anything else, and repeats nothing of it.
 */
export async function importPrivateKey(pem: string, source: string): Promise<OwnershipKey> {
  try {
    const [, base64] = PRIVATE_PEM.exec(pem) ?? []
    if (base64 === undefined) throw new Error('it is no PEM of a private key without a password')
    return await crypto.subtle.importKey('pkcs8', bytesOf(base64), 'Ed25519', false, ['sign'])
  } catch (cause) {
    const message = `${source} is not an Ed25519 private key in PEM without a password, as "openssl genpkey -algorithm ed25519" writes it`
    throw new PortolanError('CONFIG_INVALID', message, { source }, cause)
  }
}

/** An Ed25519 signature, in base64. */
export async function signBytes(
  statement: Uint8Array<ArrayBuffer>,
  privateKey: OwnershipKey,
): Promise<string> {
  const signature = await crypto.subtle.sign('Ed25519', privateKey, statement)
  return btoa(String.fromCharCode(...new Uint8Array(signature)))
}

/** Whether an Ed25519 signature in base64 is that of these bytes; what is no signature is none of them. */
export async function verifyBytes(
  statement: Uint8Array<ArrayBuffer>,
  signature: string,
  publicKey: OwnershipKey,
): Promise<boolean> {
  try {
    return await crypto.subtle.verify('Ed25519', publicKey, bytesOf(signature), statement)
  } catch {
    return false
  }
}

/** Throws for what is not base64. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}
