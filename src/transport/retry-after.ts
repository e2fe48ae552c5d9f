import type { Runtime } from '../runtime.ts'

/** For how many milliseconds a server wants to be left alone (RFC 9110, 10.2.3); `undefined` where it does not say. */
export function readRetryAfter(
  header: string | null | undefined,
  { date }: Pick<Runtime, 'date'>,
): number | undefined {
  if (header === null || header === undefined) return undefined
  const milliseconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - date().getTime()
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds)
}
