import type { ByteRange } from '../storage/object-store.ts'

/** RFC 9110, 14.1.2, with one range; units do not depend on case. */
const SINGLE = /^bytes=[ \t]*(?:([0-9]+)-([0-9]*)|-([0-9]+))[ \t]*$/i

/**
 * Reads a `Range` header for content of `size` bytes: the part asked for, or `unsatisfiable` (to be answered 416).
 * `undefined` asks for everything: there is no header, it is malformed, or it holds several ranges, which a server may
 * ignore (RFC 9110, 14.2) and no registry client sends.
 */
export function parseRange(
  header: string | undefined,
  size: number,
): ByteRange | 'unsatisfiable' | undefined {
  const match = header === undefined ? null : SINGLE.exec(header)
  if (match === null) return undefined
  const [, first, last, suffix] = match
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size }
  }
  const start = Number(first)
  const final = last ? Number(last) : Number.POSITIVE_INFINITY
  if (final < start) return undefined
  return start >= size ? 'unsatisfiable' : { start, end: Math.min(final + 1, size) }
}
