const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const
/** Nine digits: enough for years in milliseconds, and far from where numbers lose exactness. */
const DURATION = /^([0-9]{1,9})(ms|s|m|h|d)$/

/** Reads `300ms`, `5s`, `10m`, `12h` or `7d` as milliseconds; `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text)
  return match === null ? undefined : Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]
}

/** Writes milliseconds in the largest unit that divides them, the inverse of {@link parseDuration}. */
export function formatDuration(milliseconds: number): string {
  for (const [unit, size] of Object.entries(UNITS)) {
    if (milliseconds >= size && milliseconds % size === 0) return `${milliseconds / size}${unit}`
  }
  return `${milliseconds}ms`
}
