import type { Evidence } from './state.ts'

export const PASSED: Evidence = { kind: 'passed', proof: 'full' }
/** It answers, but nothing is known by which it could be tried. */
export const ANSWERED: Evidence = { kind: 'passed', proof: 'provisional' }

/** A fault that may pass by itself. */
export function failed(why: string): Evidence {
  return { kind: 'failed', hard: false, why }
}

/** A fault that says the backend is not what the config takes it for. */
export function failedHard(why: string): Evidence {
  return { kind: 'failed', hard: true, why }
}

/** Names that do not resolve and certificates that do not hold, as Node and Bun name them. */
const HARD_CODES =
  /^(?:ENOTFOUND|CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|DNS_ENOTFOUND|EPROTO)/

/** What a fetch that threw says of the backend. */
export function failureOf(error: unknown): Evidence {
  const { code, message } = deepest(error)
  const why = code === undefined ? message : `${code}: ${message}`
  return code !== undefined && HARD_CODES.test(code) ? failedHard(why) : failed(why)
}

/** `fetch` wraps what went wrong in a cause, or several. */
function deepest(error: unknown): { readonly code: string | undefined; readonly message: string } {
  let current = error
  for (let depth = 0; depth < 5; depth++) {
    const { cause } = current as { cause?: unknown }
    if (!(cause instanceof Error)) break
    current = cause
  }
  const { code, message } = current as { code?: unknown; message?: unknown }
  return {
    code: typeof code === 'string' ? code : undefined,
    message: String(message ?? current).slice(0, 200),
  }
}
