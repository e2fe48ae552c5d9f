import { prefixContains } from '../net/prefix.ts'
import type { PrefixEntry } from '../net/prefix-table-builder.ts'

/** A prefix of a layer that may count: `rank` is that of the layer, 0 for the one that is right about everything. */
interface Ranked<V> {
  readonly entry: PrefixEntry<V>
  readonly rank: number
}

/**
 * The entries of all layers, less those that an earlier layer overrules: a longest-prefix table of what is left gives
 * every address the value of the first layer that knows it, and within a layer that of the longest prefix.
 *
 * Leaving out is enough, since of two prefixes that overlap one lies in the other. Where the one of the later layer is
 * the outer one, the longest prefix is right already; where it is the inner one, or the same, no address is left for it.
 * A prefix that a layer has twice keeps its first value.
 */
export function composeLayers<V>(layers: readonly (readonly PrefixEntry<V>[])[]): PrefixEntry<V>[] {
  const ranked = layers.flatMap((layer, rank) => layer.map((entry) => ({ entry, rank })))
  ranked.sort(byPrefix)
  const kept: PrefixEntry<V>[] = []
  const around: Ranked<V>[] = []
  for (const candidate of ranked) {
    const { prefix } = candidate.entry
    while (around.length > 0 && !prefixContains(around.at(-1)!.entry.prefix, prefix.address)) around.pop()
    const outer = around.at(-1)
    // No prefix in `around` has a lower rank than the last one: it would have kept that one out.
    if (outer !== undefined && outer.rank < candidate.rank) continue
    if (outer?.rank === candidate.rank && outer.entry.prefix.length === prefix.length) continue
    around.push(candidate)
    kept.push(candidate.entry)
  }
  return kept
}

/** Outer before inner prefixes, and of equal ones that of the earlier layer first. */
function byPrefix<V>(left: Ranked<V>, right: Ranked<V>): number {
  const { address: a, length: aLength } = left.entry.prefix
  const { address: b, length: bLength } = right.entry.prefix
  return (
    a.family - b.family ||
    (a.word0 >>> 0) - (b.word0 >>> 0) ||
    (a.word1 >>> 0) - (b.word1 >>> 0) ||
    (a.word2 >>> 0) - (b.word2 >>> 0) ||
    (a.word3 >>> 0) - (b.word3 >>> 0) ||
    aLength - bLength ||
    left.rank - right.rank
  )
}
