import { formatPrefix } from '../net/prefix.ts'
import type { Ranges } from './snapshot.ts'
import { listedIn } from './update.ts'

/** How the prefixes of one place differ between two snapshots. */
export interface PlaceDiff {
  readonly provider: string
  readonly place: string
  /** How many there are now. */
  readonly prefixes: number
  readonly added: number
  readonly removed: number
  /** Here now, and in another place of the provider before. */
  readonly moved: number
}

/** What differs between the providers' lists of two snapshots, by place; places where nothing does are left out. */
export function diffRanges(before: Ranges, after: Ranges): PlaceDiff[] {
  const [old, current] = [listedIn(before), listedIn(after)]
  const providers = [...new Set([...current.keys(), ...old.keys()])]
  return providers.flatMap((provider) => {
    const placesOf = (lists: typeof old) =>
      new Map((lists.get(provider) ?? []).map(({ prefix, place }) => [formatPrefix(prefix), place]))
    return diffProvider(provider, placesOf(old), placesOf(current))
  })
}

function diffProvider(
  provider: string,
  old: ReadonlyMap<string, string>,
  current: ReadonlyMap<string, string>,
): PlaceDiff[] {
  const diffs = new Map<string, { prefixes: number; added: number; removed: number; moved: number }>()
  const at = (place: string) => {
    const diff = diffs.get(place) ?? { prefixes: 0, added: 0, removed: 0, moved: 0 }
    diffs.set(place, diff)
    return diff
  }
  for (const [prefix, place] of current) {
    const diff = at(place)
    diff.prefixes++
    if (!old.has(prefix)) diff.added++
    else if (old.get(prefix) !== place) diff.moved++
  }
  for (const [prefix, place] of old) if (!current.has(prefix)) at(place).removed++
  return [...diffs]
    .filter(([, { added, removed, moved }]) => added + removed + moved > 0)
    .map(([place, diff]) => ({ provider, place, ...diff }))
    .sort((left, right) => (left.place < right.place ? -1 : 1))
}
