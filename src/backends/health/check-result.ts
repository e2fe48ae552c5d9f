/** What a check or a failed transfer told of a backend. */
export type CheckResult =
  | { readonly kind: 'passed'; readonly proof: 'full' | 'provisional' }
  /**
   * `hard`: it can never be a passing weakness, such as wrong bytes or a certificate that does not hold. `ofObject`: it
   * may be the fault of this one object, archived or spoilt, in a store that delivers all others. `ofUs`: nobody was
   * asked, since we may not ask any more.
   */
  | {
      readonly kind: 'failed'
      readonly hard: boolean
      readonly why: string
      readonly ofObject?: true
      readonly ofUs?: true
    }

export const PASSED: CheckResult = { kind: 'passed', proof: 'full' }
/** It answers, but nothing is known by which it could be tried. */
export const ANSWERED: CheckResult = { kind: 'passed', proof: 'provisional' }

/** A fault that may pass by itself. */
export function failed(why: string): CheckResult {
  return { kind: 'failed', hard: false, why }
}

/** A fault that says the backend is not what the config takes it for. */
export function failedHard(why: string): CheckResult {
  return { kind: 'failed', hard: true, why }
}

/** The same of one object, which says nothing of the others. */
export function ofObject(result: CheckResult): CheckResult {
  return result.kind === 'failed' ? { ...result, ofObject: true } : result
}

/** Names that do not resolve and certificates that do not hold, as Node and Bun name them. */
const HARD_CODES =
  /^(?:ENOTFOUND|CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|DNS_ENOTFOUND|EPROTO)/

/** That this process has no more sockets, as Node and Bun name it, and as a runtime with other limits is to name it. */
export const OWN_LIMIT = 'EMFILE'
const OWN_CODES: readonly (string | undefined)[] = [OWN_LIMIT, 'ENFILE', 'ENOBUFS']

/** What a fetch that threw says of the backend. */
export function failureOf(error: unknown): CheckResult {
  const { code, message } = deepest(error)
  // Most systems' words begin with the code already: connect ECONNREFUSED 127.0.0.1:80.
  const why = code === undefined || message.includes(code) ? message : `${code}: ${message}`
  if (OWN_CODES.includes(code)) return { kind: 'failed', hard: false, why, ofUs: true }
  return code !== undefined && HARD_CODES.test(code) ? failedHard(why) : failed(why)
}

/** `fetch` wraps what went wrong in a cause, or several. */
function deepest(error: unknown): { readonly code: string | undefined; readonly message: string } {
  let current = error
  for (let depth = 0; depth < 5; depth++) {
    // A name of several addresses, none of which answers, fails with an error for each.
    const { cause, errors } = current as { cause?: unknown; errors?: unknown }
    const next = cause ?? (Array.isArray(errors) ? errors.at(-1) : undefined)
    if (!(next instanceof Error)) break
    current = next
  }
  const { code, message } = current as { code?: unknown; message?: unknown }
  return {
    code: typeof code === 'string' ? code : undefined,
    message: String(message ?? current).slice(0, 200),
  }
}
