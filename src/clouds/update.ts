import { formatAddress } from '../net/address.ts'
import { entriesOf } from '../net/prefix-table-entries.ts'
import type { GeoData } from './geo.ts'
import type { PlacedPrefix, Provider } from './provider.ts'
import { refusal } from './provider-list.ts'
import { buildRanges, isPlaceName, type Ranges, type SourcedList } from './snapshot.ts'

/** A provider's list as it came. */
export interface ReceivedList {
  /** The provider's id. */
  readonly provider: string
  readonly bytes: Uint8Array
  /** The address or the name of the file that it came from. */
  readonly from: string
  /** When it was downloaded or saved, as `2026-07-29T08:27:05.000Z`. */
  readonly fetched: string
}

/** What new ranges are made from. */
export interface UpdateParts {
  /** Those whose lists are wanted; where two list the same address, the earlier one is right about it. */
  readonly providers: readonly Provider[]
  /** The new lists; a provider without one keeps that of `previous`. */
  readonly lists: readonly ReceivedList[]
  readonly previous?: Ranges | undefined
  /** The data for addresses that nobody lists; none leaves them unknown. */
  readonly geo?: GeoData | undefined
  readonly created: string
  /** Makes ranges of the geo data alone where there is no list, for a door that has nothing better yet. */
  readonly geoAlone?: boolean | undefined
  /** Takes lists that have lost many prefixes. */
  readonly force?: boolean
}

/** A list that was not taken, and why. */
export interface RefusedList {
  readonly provider: string
  readonly reason: string
}

/** New ranges, and the lists that did not get in. */
export interface RangesUpdate {
  /** Absent when no list was taken. */
  readonly ranges?: Ranges
  readonly refused: readonly RefusedList[]
}

/** What a range snapshot is made from, as data that can go to another thread. */
export interface SnapshotRequest {
  /** Ids of those whose lists are wanted. */
  readonly providers: readonly string[]
  readonly lists: readonly ReceivedList[]
  /** The snapshot in use; a provider without a new list keeps what it has there. */
  readonly previous?: Uint8Array | undefined
  /** Whether to add what is known of addresses that nobody lists. */
  readonly geo: boolean
  /** Whether a snapshot of that alone will do. */
  readonly geoAlone?: boolean
  readonly created: string
}

/** A range snapshot, and the lists that did not get in. */
export interface NewSnapshot {
  /** Absent when no list was taken. */
  readonly snapshot?: Uint8Array
  readonly refused: readonly RefusedList[]
}

/** The part of its prefixes that a list must have kept: fewer are taken for a mistake of whoever published it. */
const KEPT_MIN = 0.7

/** Reads and checks new lists and puts those that are right beside what is known of the other providers. */
export function updateRanges(parts: UpdateParts): RangesUpdate {
  const { providers, lists, previous, geo, created, geoAlone = false } = parts
  const known = new Map(previous?.metadata.sources.map((source) => [source.provider, source]))
  const refused: RefusedList[] = []
  const taken = new Map<string, SourcedList>()
  for (const list of lists) {
    const provider = providers.find(({ id }) => id === list.provider)
    if (provider === undefined) continue
    try {
      const least = parts.force ? 0 : (known.get(provider.id)?.prefixes ?? 0) * KEPT_MIN
      taken.set(provider.id, readList(provider, list, least))
    } catch (error) {
      refused.push({ provider: provider.id, reason: (error as Error).message })
    }
  }
  if (taken.size === 0 && !(geoAlone && geo !== undefined)) return { refused }
  const earlier = previous === undefined ? new Map() : listedIn(previous)
  const all = providers.flatMap(({ id }): SourcedList[] => {
    const source = known.get(id)
    return taken.has(id) ? [taken.get(id)!] : source ? [{ source, entries: earlier.get(id) ?? [] }] : []
  })
  return { ranges: buildRanges(all, geo, created), refused }
}

/** What each provider's list says in these ranges, less prefixes that have no effect there. */
export function listedIn({ table }: Ranges): ReadonlyMap<string, readonly PlacedPrefix[]> {
  const entries = entriesOf(table, ({ source }) => source === 'range')
  return Map.groupBy(
    entries.map(({ prefix, value }) => ({ prefix, place: value.place.name })),
    ({ place }) => place.replace(/\/.*/, ''),
  )
}

/** Throws `CONTENT_INVALID`, naming the provider. */
function readList(provider: Provider, { bytes, from, fetched }: ReceivedList, least: number): SourcedList {
  const { entries, date } = provider.parse(bytes)
  if (entries.length < least) {
    const reason = `fewer than ${KEPT_MIN * 100} % of the ${Math.round(least / KEPT_MIN)} that it replaces`
    throw refusal(provider, '$', `${entries.length} prefixes`, reason)
  }
  const odd = entries.find(({ place }) => !isPlaceName(place))
  if (odd !== undefined) {
    throw refusal(provider, formatAddress(odd.prefix.address), odd.place, 'not the name of a region')
  }
  const { id, title } = provider
  const stated = date !== undefined && { date }
  return {
    source: { provider: id, title, from, ...stated, fetched, prefixes: entries.length },
    entries,
  }
}
