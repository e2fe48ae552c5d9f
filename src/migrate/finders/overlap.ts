import type { Found, Span } from '../found.ts'

/** Orders what was found by its place in the text. */
export function byPlace(a: Found, b: Found): number {
  return startOf(a) - startOf(b)
}

/** Where the first part of it stands. */
export function startOf(found: Found): number {
  let first = Number.POSITIVE_INFINITY
  for (const { span } of Object.values(found.parts)) first = Math.min(first, span.start)
  return first
}

/** What stands in `more` and has no part in common with what was found before. */
export function without(found: readonly Found[], more: readonly Found[]): Found[] {
  if (more.length === 0 || found.length === 0) return [...more]
  const taken = found.flatMap(spansOf).sort((one, other) => one.start - other.start)
  return more.filter((one) => !spansOf(one).some((span) => overlaps(taken, span)))
}

function spansOf({ parts }: Found): Span[] {
  return Object.values(parts).map(({ span }) => span)
}

/** `taken` is in order and its spans hardly overlap one another, so that the last one that begins before is enough. */
function overlaps(taken: readonly Span[], { start, end }: Span): boolean {
  let [low, high] = [0, taken.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (taken[middle]!.start < end) low = middle + 1
    else high = middle
  }
  return low > 0 && taken[low - 1]!.end > start
}
