declare const brand: unique symbol

/** A digest that obeys the OCI grammar, such as `sha256:…`; its algorithm may be one we cannot compute. */
export type Digest = string & { readonly [brand]: 'digest' }

/** Longest digest that is taken in: far beyond sha512 (135 characters), so that no client can store novels with us. */
const MAX_LENGTH = 256

/** OCI image spec 1.1, descriptor.md, "Digests". */
const GRAMMAR = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/
const SHA256 = /^sha256:[a-f0-9]{64}$/
const SHA512 = /^sha512:[a-f0-9]{128}$/

/** Reads a digest; `undefined` when it breaks the OCI grammar or the length and alphabet of a registered algorithm. */
export function parseDigest(text: string): Digest | undefined {
  if (SHA256.test(text)) return text as Digest
  if (text.length > MAX_LENGTH || !GRAMMAR.test(text)) return undefined
  if (text.startsWith('sha256:')) return undefined
  if (text.startsWith('sha512:') && !SHA512.test(text)) return undefined
  return text as Digest
}

/** How some clients write the colon of a digest in a path, as RFC 3986 allows. */
export const ENCODED_COLON = /%3a/i

/** Reads a digest as it stands in a path, where its colon may be percent-encoded, and nothing else may. */
export function parsePathDigest(text: string): Digest | undefined {
  const digest = parseDigest(text)
  if (digest !== undefined || text.length > MAX_LENGTH) return digest
  return parseDigest(text.replace(ENCODED_COLON, ':'))
}

/** The part before the colon, such as `sha256`. */
export function digestAlgorithm(digest: Digest): string {
  return digest.slice(0, digest.indexOf(':'))
}

/** The part after the colon. */
export function digestEncoded(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1)
}

/** Whether content can be checked against this digest here: the two algorithms that the OCI image spec registers. */
export function isVerifiable(digest: Digest): boolean {
  return digest.startsWith('sha256:') || digest.startsWith('sha512:')
}
