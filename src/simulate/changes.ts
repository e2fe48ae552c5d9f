import { type Amount, addAmount, type Move, scaled } from './tally.ts'

/** Requests that two policies answer from different backends, from one of these to the other. */
export interface Change extends ReadAmount {
  /** Absent where the door itself answers. */
  readonly from?: string
  readonly to?: string
  /** Why they were answered by the one, and are by the other: the commonest first. */
  readonly reasons: readonly (ReadAmount & { readonly before: string; readonly after: string })[]
  /** Where they come from: the places with most of them; absent of a place for somewhere. */
  readonly places: readonly (ReadAmount & { readonly place?: string })[]
}

/** How many requests, and the bytes that they are about. */
export interface ReadAmount {
  readonly requests: number
  readonly bytes: number
}

const REASONS_MAX = 3
const PLACES_MAX = 5

/**
 * Adds up moves by the backends between which they are, those with most bytes first; each request stands for `times` of
 * them.
 */
export function changesOf(moves: Iterable<Move>, times: number): readonly Change[] {
  const all = [...moves].map((move) => ({ ...move, ...scaled(move, times) }))
  const groups = Map.groupBy(all, ({ from, to }) => `${from ?? ''}\n${to ?? ''}`)
  return mostFirst([...groups.values()].map(changeOf))
}

function changeOf(moves: readonly Move[]): Change {
  const { from, to } = moves[0]!
  const reasons = Map.groupBy(moves, ({ whyFrom, whyTo }) => `${whyFrom}\n${whyTo}`)
  const places = Map.groupBy(moves, ({ place }) => place)
  return {
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...amountOf(moves),
    reasons: mostFirst(
      [...reasons.values()].map((those) => ({
        before: those[0]!.whyFrom,
        after: those[0]!.whyTo,
        ...amountOf(those),
      })),
    ).slice(0, REASONS_MAX),
    places: mostFirst(
      [...places].map(([place, those]) => ({ ...(place !== undefined && { place }), ...amountOf(those) })),
    ).slice(0, PLACES_MAX),
  }
}

/** What several sums make together. */
function amountOf(sums: Iterable<Amount>): ReadAmount {
  const total: Amount = { gets: 0, heads: 0, bytes: 0, estimated: 0 }
  for (const sum of sums) addAmount(total, sum)
  return { requests: total.gets + total.heads, bytes: total.bytes }
}

/** Of two that are equal the one that came first stays first. */
function mostFirst<Sum extends ReadAmount>(sums: readonly Sum[]): Sum[] {
  return sums.toSorted((one, other) => other.bytes - one.bytes || other.requests - one.requests)
}
