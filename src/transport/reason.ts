/** Why a fetch failed, for people: `fetch` itself says no more than "fetch failed", what it was is in the cause. */
export function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string; code?: string } }
  return cause?.message || cause?.code || message || String(error)
}
