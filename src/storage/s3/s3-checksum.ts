import type { Runtime } from '../../runtime.ts'
import { type CreateMd5, md5Of, sha256Of, toBase64, toHex } from '../driver/digests.ts'

/** By which checksum a service checks what it is given. */
export type S3ChecksumKind = 'sha256' | 'md5' | 'off'

/** What goes with a write, in the SDK's words. */
export interface S3ChecksumHeaders {
  readonly ChecksumSHA256?: string
  readonly ContentMD5?: string
}

/** What the answer to a write says of it. */
export interface S3ChecksumAnswer {
  readonly ChecksumSHA256?: string | undefined
  readonly ETag?: string | undefined
}

/** The checksum of an object or of a part of one. */
export interface S3Checksum {
  readonly headers: S3ChecksumHeaders
  /** Its bytes; none where there is no checksum. */
  readonly bytes: Uint8Array
  /** Whether an answer names this very checksum: the service has computed it too, and found it right. */
  confirmedBy(answer: S3ChecksumAnswer): boolean
}

/** What checksums are made with. */
export interface Digests extends Pick<Runtime, 'createHash'> {
  /** Absent where there is none. */
  readonly createMd5?: CreateMd5 | undefined
}

const NONE: S3Checksum = { headers: {}, bytes: new Uint8Array(), confirmedBy: () => false }

/** The checksum of a kind of what a request brings. */
export function checksumOf(bytes: Uint8Array, kind: S3ChecksumKind, digests: Digests): S3Checksum {
  if (kind === 'sha256') {
    const sum = sha256Of(bytes, digests)
    const ChecksumSHA256 = toBase64(sum)
    return {
      headers: { ChecksumSHA256 },
      bytes: sum,
      confirmedBy: (answer) => answer.ChecksumSHA256 === ChecksumSHA256,
    }
  }
  if (kind === 'off' || digests.createMd5 === undefined) return NONE
  const sum = md5Of(bytes, digests.createMd5)
  const tag = `"${toHex(sum)}"`
  return {
    headers: { ContentMD5: toBase64(sum) },
    bytes: sum,
    confirmedBy: (answer) => answer.ETag === tag,
  }
}

/**
 * The checksum of an object of several parts, as S3 makes it: that of the checksums of its parts, one after another, and
 * their number ("Checking object integrity", composite checksums).
 */
export function compositeConfirmed(
  parts: readonly Uint8Array[],
  kind: S3ChecksumKind,
  answer: S3ChecksumAnswer,
  digests: Digests,
): boolean {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let position = 0
  for (const part of parts) {
    joined.set(part, position)
    position += part.length
  }
  if (kind === 'sha256') {
    return answer.ChecksumSHA256 === `${toBase64(sha256Of(joined, digests))}-${parts.length}`
  }
  if (kind === 'off' || digests.createMd5 === undefined) return false
  return answer.ETag === `"${toHex(md5Of(joined, digests.createMd5))}-${parts.length}"`
}
