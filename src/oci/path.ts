import { type Digest, ENCODED_COLON, parsePathDigest } from './digest.ts'
import type { OciFault } from './errors.ts'
import { type Name, parseName, parseTag, type Tag } from './name.ts'

/** What a request asks for; `reference` of a manifest is a tag, or a digest with `byDigest` set. */
export type OciRequest =
  | { readonly kind: 'base' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'manifest'; readonly name: Name; readonly byDigest: false; readonly reference: Tag }
  | { readonly kind: 'manifest'; readonly name: Name; readonly byDigest: true; readonly reference: Digest }
  | { readonly kind: 'blob'; readonly name: Name; readonly digest: Digest }
  | { readonly kind: 'tags'; readonly name: Name }
  | { readonly kind: 'referrers'; readonly name: Name; readonly digest: Digest }

const BASE: OciRequest = { kind: 'base' }
const CATALOG: OciRequest = { kind: 'catalog' }
const NO_ENDPOINT: OciFault = {
  code: 'UNSUPPORTED',
  message: 'this path is not part of the registry API',
}

/** How much of a client's text an error repeats. */
const ECHO_MAX = 128

/**
 * Reads the raw path of a request (no query), as it stood on the wire.
 *
 * Nothing is decoded but the colon of a digest: whatever else is percent-encoded, dotted or otherwise clever breaks the
 * grammar of names, tags and digests and so cannot travel on. Endpoints are those of the OCI distribution spec 1.1, "Endpoints".
 */
export function parsePath(path: string): OciRequest | OciFault {
  if (path === '/v2/' || path === '/v2') return BASE
  if (!path.startsWith('/v2/')) return NO_ENDPOINT
  const last = path.lastIndexOf('/')
  if (last === 3) return path === '/v2/_catalog' ? CATALOG : NO_ENDPOINT
  const before = path.lastIndexOf('/', last - 1)
  if (before < 5) return NO_ENDPOINT
  const text = path.slice(4, before)
  switch (path.slice(before + 1, last)) {
    case 'blobs': {
      if (last === path.length - 1) return NO_ENDPOINT
      const name = parseName(text)
      if (name === undefined) return nameFault(text)
      const digest = parsePathDigest(path.slice(last + 1))
      return digest === undefined ? digestFault(path.slice(last + 1)) : { kind: 'blob', name, digest }
    }
    case 'manifests': {
      const name = parseName(text)
      if (name === undefined) return nameFault(text)
      return manifest(name, path.slice(last + 1))
    }
    case 'tags': {
      if (path.slice(last + 1) !== 'list') return NO_ENDPOINT
      const name = parseName(text)
      return name === undefined ? nameFault(text) : { kind: 'tags', name }
    }
    case 'referrers': {
      const name = parseName(text)
      if (name === undefined) return nameFault(text)
      const digest = parsePathDigest(path.slice(last + 1))
      return digest === undefined ? digestFault(path.slice(last + 1)) : { kind: 'referrers', name, digest }
    }
    default:
      return NO_ENDPOINT
  }
}

/** Writes the path of a request, the inverse of {@link parsePath}, with `prefix` before the repository name. */
export function formatPath(request: OciRequest, prefix = ''): string {
  const head = prefix === '' ? '/v2/' : `/v2/${prefix}/`
  switch (request.kind) {
    case 'base':
      return '/v2/'
    case 'catalog':
      return '/v2/_catalog'
    case 'manifest':
      return `${head}${request.name}/manifests/${request.reference}`
    case 'blob':
      return `${head}${request.name}/blobs/${request.digest}`
    case 'tags':
      return `${head}${request.name}/tags/list`
    case 'referrers':
      return `${head}${request.name}/referrers/${request.digest}`
  }
}

function manifest(name: Name, text: string): OciRequest | OciFault {
  if (text.includes(':') || ENCODED_COLON.test(text)) {
    const digest = parsePathDigest(text)
    return digest === undefined
      ? digestFault(text)
      : { kind: 'manifest', name, byDigest: true, reference: digest }
  }
  const tag = parseTag(text)
  if (tag !== undefined) return { kind: 'manifest', name, byDigest: false, reference: tag }
  // Unknown and not invalid: no such tag can exist, and the OCI conformance suite asks for ".INVALID…" to see 404.
  return {
    code: 'MANIFEST_UNKNOWN',
    message: 'a tag is a letter, digit or "_", then at most 127 letters, digits, ".", "_" and "-"',
    detail: { tag: echo(text) },
  }
}

function nameFault(text: string): OciFault {
  return {
    code: 'NAME_INVALID',
    message: 'a repository name is lower-case letters and digits, joined by ".", "_", "__", "-" and "/"',
    detail: { name: echo(text) },
  }
}

function digestFault(text: string): OciFault {
  return {
    code: 'DIGEST_INVALID',
    message: 'a digest is ALGORITHM:ENCODED, such as sha256: and 64 lower-case hexadecimal digits',
    detail: { digest: echo(text) },
  }
}

function echo(text: string): string {
  return text.length <= ECHO_MAX ? text : `${text.slice(0, ECHO_MAX)}…`
}
