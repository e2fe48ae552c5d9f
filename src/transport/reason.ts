/**
 * Why a fetch failed, for people: `fetch` itself says no more than "fetch failed", what it was is in the cause. Of a name
 * with several addresses, none of which answered, it says what the last one said.
 */
export function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: Cause }
  return cause?.message || cause?.errors?.at(-1)?.message || cause?.code || message || String(error)
}

interface Cause {
  readonly message?: string
  readonly code?: string
  /** Of an `AggregateError`, one for each address. */
  readonly errors?: readonly Error[]
}
