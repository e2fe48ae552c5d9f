import type { Runtime } from '../runtime.ts'

/**
 * How long a server wants to be left alone (`Retry-After`, RFC 9110, 10.2.3), in milliseconds and at most `longest`; 0
 * where it says nothing that can be read.
 */
export function readRetryAfter(
  header: string | null,
  { date }: Pick<Runtime, 'date'>,
  longest: number,
): number {
  if (header === null) return 0
  const milliseconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - date().getTime()
  return Number.isNaN(milliseconds) ? 0 : Math.min(Math.max(0, milliseconds), longest)
}
