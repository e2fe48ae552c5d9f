import type { Place } from '../clouds/place.ts'
import type { PriceTable, Scope, Way } from './price-table.ts'

/** Traffic of one account in one of its months. */
export interface Usage {
  /** The id of the backend that it left. */
  readonly backend: string
  /** Where that is. */
  readonly from: Place
  /** The place of the client, as far as it is known, or the name of the CDN whose cache it filled. */
  readonly to: Place | { readonly cdn: string } | 'somewhere'
  readonly bytes: bigint
  readonly gets: bigint
  readonly heads: bigint
}

/** What prices are found by. */
type Between = Pick<Usage, 'from' | 'to'>

/** Which way traffic leaves. Who is nobody knows where is somewhere in the internet. */
export function wayOf({ from, to }: Between): Way {
  if (to === 'somewhere') return 'internet'
  if ('cdn' in to) return 'cdn'
  if (from.cloud === undefined || from.cloud !== to.cloud) return 'internet'
  const isSame = from.region !== undefined && (to.region === from.region || to.parent === from.region)
  return isSame ? 'same-region' : 'same-cloud'
}

/**
 * The first price that is for this traffic, by its index. A CDN that no price names is a client in the internet like
 * any other. `undefined` where the table says nothing, as of what leaves another cloud than its own.
 */
export function findPrice<T extends Scope>(
  prices: readonly T[],
  usage: Between,
  table: PriceTable,
  holds: (price: T) => boolean = () => true,
): number | undefined {
  if (table.cloud !== undefined && usage.from.cloud !== table.cloud) return undefined
  const find = (way: Way) => prices.findIndex((price) => holds(price) && isWithin(price, usage, way))
  const way = wayOf(usage)
  const found = find(way)
  const index = found < 0 && way === 'cdn' ? find('internet') : found
  return index < 0 ? undefined : index
}

function isWithin({ from, to, in: where }: Scope, usage: Between, way: Way): boolean {
  if (to !== undefined && to !== way) return false
  if (from !== undefined && !(usage.from.region !== undefined && from.has(usage.from.region))) return false
  return where === undefined || destinationsOf(usage, way).some((name) => where.has(name))
}

/** The names that a price may know a destination by. */
function destinationsOf({ to }: Between, way: Way): readonly string[] {
  if (to === 'somewhere') return []
  if ('cdn' in to) return way === 'cdn' ? [to.cdn] : []
  if (way === 'internet') return to.country === undefined ? [] : [`country/${to.country}`]
  return [to.region, to.parent].filter((name) => name !== undefined)
}
