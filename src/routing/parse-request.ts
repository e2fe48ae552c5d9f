import { ENDPOINTS_PATH } from '../endpoints/statement.ts'
import { isFault, type OciFault } from '../oci/errors.ts'
import { type OciRequest, parsePath } from '../oci/path.ts'
import { parseTarget } from '../oci/target.ts'

/** What a door is asked for, read from method and raw target. */
export type ParsedRequest =
  | {
      readonly kind: 'oci'
      readonly method: 'GET' | 'HEAD'
      readonly request: OciRequest
      /** Raw, with its `?`, or empty. */
      readonly query: string
    }
  /** One of the pages that a config may name, or what is published of the hosts that clients need. */
  | { readonly kind: 'page'; readonly page: 'info' | 'privacy' | 'endpoints' | 'endpoints-signature' }
  | {
      readonly kind: 'refused'
      readonly because: 'method' | 'length' | 'target' | 'path'
      readonly fault: OciFault
    }

/** Longest request target; a name has at most 255 characters and a digest 135, so the rest is for the query. */
const MAX_TARGET = 8192

const METHOD: ParsedRequest = {
  kind: 'refused',
  because: 'method',
  fault: { code: 'UNSUPPORTED', message: 'this registry is read-only: GET and HEAD are all it answers' },
}
const LENGTH: ParsedRequest = {
  kind: 'refused',
  because: 'length',
  fault: { code: 'UNSUPPORTED', message: `the request target is longer than ${MAX_TARGET} characters` },
}
const INFO: ParsedRequest = { kind: 'page', page: 'info' }
const PRIVACY: ParsedRequest = { kind: 'page', page: 'privacy' }
const ENDPOINTS: ParsedRequest = { kind: 'page', page: 'endpoints' }
const SIGNATURE_PATH = `${ENDPOINTS_PATH}.sig`
const SIGNATURE: ParsedRequest = { kind: 'page', page: 'endpoints-signature' }

/** Reads a request as far as it can be read without knowing anything: what does not parse cannot travel. */
export function parseRequest(method: string, target: string): ParsedRequest {
  if (method !== 'GET' && method !== 'HEAD') return METHOD
  if (target.length > MAX_TARGET) return LENGTH
  const parts = parseTarget(target)
  if (isFault(parts)) return { kind: 'refused', because: 'target', fault: parts }
  if (parts.path === '/') return INFO
  if (parts.path === '/privacy' || parts.path === '/privacy/') return PRIVACY
  if (parts.path === ENDPOINTS_PATH) return ENDPOINTS
  if (parts.path === SIGNATURE_PATH) return SIGNATURE
  const request = parsePath(parts.path)
  if (isFault(request)) return { kind: 'refused', because: 'path', fault: request }
  return { kind: 'oci', method, request, query: parts.query }
}
