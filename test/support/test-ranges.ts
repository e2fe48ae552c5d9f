import type { Provider } from '../../src/clouds/provider.ts'
import { buildRanges, type Ranges } from '../../src/clouds/snapshot.ts'
import { parsePrefix } from '../../src/net/prefix.ts'
import { enoughPrefixes, listFormats, toBytes } from './provider-lists.ts'

/** A list as the provider would publish it, with these prefixes before as many as a whole list must have. */
export function listOf(id: string, ...prefixes: readonly string[]): string {
  const { provider, write } = listFormats.find((format) => format.provider.id === id)!
  return write([...prefixes, ...enoughPrefixes(provider)])
}

/** As {@link listOf}, in bytes. */
export function bytesOf(id: string, ...prefixes: readonly string[]): Uint8Array {
  return toBytes(listOf(id, ...prefixes))
}

/** Ranges of a few prefixes; a place's cloud is the provider. */
export function makeRanges(
  places: Readonly<Record<string, string>>,
  created = '2026-07-29T00:00:00.000Z',
): Ranges {
  const entries = Object.entries(places).map(([text, place]) => ({ prefix: parsePrefix(text), place }))
  const lists = [...Map.groupBy(entries, ({ place }) => place.replace(/\/.*/, ''))].map(
    ([provider, listed]) => ({
      source: { provider, title: provider, from: 'a test', fetched: created, prefixes: listed.length },
      entries: listed,
    }),
  )
  return buildRanges(lists, undefined, created)
}

/** Some prefixes that are in no list of {@link listOf}. */
export function otherPrefixes(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `9.${at >>> 8}.${at & 255}.0/24`)
}

/** A provider whose list is at this address. */
export function at(provider: Provider, url: string): Provider {
  return { ...provider, url }
}
