/** Every code that a {@link PortolanError} can carry; callers switch on it, so a new one is an API change. */
export type ErrorCode =
  | 'ACCESS_DENIED'
  | 'ADDRESS_INVALID'
  | 'CONFIG_INVALID'
  | 'CONTENT_INVALID'
  | 'DIGEST_INVALID'
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'LEASE_LOST'
  | 'LISTEN_FAILED'
  | 'PREFIX_CONFLICT'
  | 'REFERENCE_INVALID'
  | 'SNAPSHOT_INVALID'
  | 'STORE_REFUSED'
  | 'UNREACHABLE'
  | 'USAGE'

/** The one error class of Portolan: a code from a closed set, a sentence for people, and the facts as fields. */
export class PortolanError extends Error {
  override readonly name = 'PortolanError'
  readonly code: ErrorCode
  readonly facts: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, facts: Record<string, unknown> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.facts = facts
  }
}
