import { PortolanError } from '../errors.ts'
import { type Digest, parseDigest } from './digest.ts'
import { MANIFEST_MAX_BYTES } from './manifest.ts'

/** Media types of Docker's image manifest V2, schema 1: without signatures, and with. */
export const DOCKER_SCHEMA1 = 'application/vnd.docker.distribution.manifest.v1+json'
export const DOCKER_SCHEMA1_SIGNED = 'application/vnd.docker.distribution.manifest.v1+prettyjws'

/** The manifest of one image, as registries kept it before 2016. */
export interface Schema1 {
  readonly mediaType: typeof DOCKER_SCHEMA1 | typeof DOCKER_SCHEMA1_SIGNED
  /** Its layers, each once, the topmost first. Nobody says how large they are, and there is no config. */
  readonly blobs: readonly Digest[]
  /** What was signed: the bytes that the manifest's digest is of. All that is read here is read from them. */
  readonly payload: Uint8Array<ArrayBuffer>
}

/** Whether content of this media type is a manifest of schema 1. */
export function isSchema1(mediaType: string): boolean {
  return mediaType === DOCKER_SCHEMA1 || mediaType === DOCKER_SCHEMA1_SIGNED
}

/**
 * Reads a manifest of schema 1 for its blobs. `source` names it in errors: a file, a URL.
 *
 * Its digest covers the payload alone, not the signatures that stand in the middle of the file, so that the digest of
 * the file is another; check the digest against `payload`. The signatures themselves are not verified: they say only
 * that somebody signed. Throws `CONTENT_INVALID`.
 */
export function parseSchema1(bytes: Uint8Array, source: string): Schema1 {
  if (bytes.length > MANIFEST_MAX_BYTES) throw invalid(source, `at most ${MANIFEST_MAX_BYTES} bytes`)
  const { signatures } = readObject(bytes, source)
  const isSigned = Array.isArray(signatures) && signatures.length > 0
  const payload = isSigned ? readPayload(bytes, signatures, source) : new Uint8Array(bytes)
  // Not what was read above: a second "fsLayers" outside of the payload would be nobody's but a forger's.
  const { schemaVersion, fsLayers } = readObject(payload, source)
  if (schemaVersion !== 1) throw invalid(source, '"schemaVersion" to be 1')
  if (!Array.isArray(fsLayers)) throw invalid(source, '"fsLayers" to be a list')
  const blobs = fsLayers.map((layer: { blobSum?: unknown } | null, index) => {
    const digest = typeof layer?.blobSum === 'string' ? parseDigest(layer.blobSum) : undefined
    if (digest === undefined) throw invalid(source, `fsLayers[${index}].blobSum to be a digest`)
    return digest
  })
  return {
    mediaType: isSigned ? DOCKER_SCHEMA1_SIGNED : DOCKER_SCHEMA1,
    blobs: [...new Set(blobs)],
    payload,
  }
}

/**
 * Docker's image manifest V2, schema 1, "Signed Manifests": each signature says, in its protected header, how many of
 * the first bytes are the payload's, and what follows them there.
 */
function readPayload(
  bytes: Uint8Array,
  signatures: readonly unknown[],
  source: string,
): Uint8Array<ArrayBuffer> {
  const headers = new Set(signatures.map((signature) => readProtected(signature, bytes.length, source)))
  const [header, ...others] = headers
  if (header === undefined || others.length > 0) throw invalid(source, 'all signatures to be of one payload')
  const { length, tail } = JSON.parse(header) as { length: number; tail: string }
  const end = Uint8Array.from(tail, (character) => character.charCodeAt(0))
  const payload = new Uint8Array(length + end.length)
  payload.set(bytes.subarray(0, length))
  payload.set(end, length)
  return payload
}

/** As text, so that two that say the same are the same. */
function readProtected(signature: unknown, size: number, source: string): string {
  try {
    const header = JSON.parse(decodeBase64Url((signature as { protected: string }).protected))
    const { formatLength: length, formatTail } = header as { formatLength: number; formatTail: string }
    if (!Number.isSafeInteger(length) || length < 0 || length > size) throw new Error('formatLength')
    return JSON.stringify({ length, tail: decodeBase64Url(formatTail) })
  } catch (error) {
    throw invalid(source, 'each signature to say what it signs ("protected")', error)
  }
}

function decodeBase64Url(text: string): string {
  return atob(text.replaceAll('-', '+').replaceAll('_', '/'))
}

function readObject(bytes: Uint8Array, source: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (error) {
    throw invalid(source, 'JSON in UTF-8', error)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(source, 'an object')
  return value as Record<string, unknown>
}

function invalid(source: string, expected: string, cause?: unknown): PortolanError {
  return new PortolanError(
    'CONTENT_INVALID',
    `${source} is no Docker manifest of schema 1; expected ${expected}`,
    { source },
    cause,
  )
}
