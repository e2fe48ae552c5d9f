import { formatOciErrors, type OciErrorCode, type OciFault } from '../oci/errors.ts'
import type { DoorReply } from './reply.ts'

/** The one place where a fault gets its HTTP status (OCI distribution spec 1.1, "Endpoints" and "Error Codes"). */
const STATUS: Readonly<Record<OciErrorCode, number>> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 404,
  TOOMANYREQUESTS: 429,
  UNAVAILABLE: 503,
}

/** An OCI error body with the status that belongs to its code, or with `status` where the occasion knows better. */
export function faultReply(
  fault: OciFault,
  status = STATUS[fault.code],
  headers: Readonly<Record<string, string>> = {},
): DoorReply {
  const body = formatOciErrors(fault)
  return {
    status,
    headers: {
      'Content-Type': 'application/json',
      'Content-Length': String(new TextEncoder().encode(body).length),
      'Cache-Control': 'no-store',
      'Docker-Distribution-Api-Version': 'registry/2.0',
      ...headers,
    },
    body,
  }
}
