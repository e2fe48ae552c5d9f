/**
 * Reads a moment as `Date` writes it, in UTC and to the millisecond, in milliseconds since 1970; `undefined` for any
 * other way to write it, so that one moment has one text.
 */
export function readTimestamp(text: string): number | undefined {
  const moment = Date.parse(text)
  return !Number.isNaN(moment) && new Date(moment).toISOString() === text ? moment : undefined
}
