import type { Runtime } from '../../runtime.ts'

/** An MD5 that is fed piece by piece: what services check, though it keeps nobody from forging. */
export interface Md5 {
  update(bytes: Uint8Array): void
  /** Ends it; 16 bytes. */
  digest(): Uint8Array
}

/** Begins an MD5; a runtime need not have one. */
export type CreateMd5 = () => Md5

/** The MD5 of some bytes. */
export function md5Of(bytes: Uint8Array, createMd5: CreateMd5): Uint8Array {
  const hash = createMd5()
  hash.update(bytes)
  return hash.digest()
}

/** The SHA-256 of some bytes, 32 of them. */
export function sha256Of(bytes: Uint8Array, { createHash }: Pick<Runtime, 'createHash'>): Uint8Array {
  const hash = createHash('sha256')
  hash.update(bytes)
  return fromHex(hash.hex())
}

/** As services have checksums in headers and JSON. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

/** The bytes of a checksum in base64. */
export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

/** As S3 has an MD5 in entity tags. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function fromHex(digits: string): Uint8Array {
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) =>
    Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16),
  )
}
