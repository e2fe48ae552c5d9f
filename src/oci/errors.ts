/**
 * The error codes of the OCI distribution spec 1.1, "Error Codes", and that of Docker's registry for what cannot be
 * answered now, for which the spec has none.
 */
export type OciErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'TOOMANYREQUESTS'
  | 'UNAVAILABLE'

/** Why a request cannot be served, in the words that a registry client expects. */
export interface OciFault {
  readonly code: OciErrorCode
  readonly message: string
  readonly detail?: Readonly<Record<string, string>>
}

/** The JSON error body of the OCI distribution spec: `{"errors":[{"code","message","detail"}]}`. */
export function formatOciErrors(...faults: readonly OciFault[]): string {
  return JSON.stringify({ errors: faults })
}

/** Tells a fault from what was parsed. */
export function isFault<Parsed extends object>(parsed: Parsed | OciFault): parsed is OciFault {
  return 'code' in parsed
}
