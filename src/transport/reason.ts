/**
 * Why a fetch failed, for people: `fetch` itself says no more than "fetch failed", what it was is in the cause. Of a name
 * with several addresses, none of which answered, it says what the last one said.
 */
export function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: Cause }
  const reason = cause?.message || cause?.errors?.at(-1)?.message || cause?.code || message || String(error)
  return reason.replace(NODE_ADVICE, '')
}

/** The code by which the system names why a fetch failed, such as `DEPTH_ZERO_SELF_SIGNED_CERT`; `undefined` where it has none. */
export function causeCodeOf(error: unknown): string | undefined {
  return (error as { cause?: Cause }).cause?.code
}

/** What Node adds of its own options, which whoever runs a command of ours has no use for. */
const NODE_ADVICE = /; if the root CA is installed locally, .*$/

interface Cause {
  readonly message?: string
  readonly code?: string
  /** Of an `AggregateError`, one for each address. */
  readonly errors?: readonly Error[]
}
