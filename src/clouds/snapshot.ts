import { z } from 'zod'
import { PortolanError } from '../errors.ts'
import { decodeSnapshot, encodeSnapshot } from '../net/prefix-snapshot.ts'
import { PrefixTable } from '../net/prefix-table.ts'
import { buildPrefixTable } from '../net/prefix-table-builder.ts'
import { composeLayers } from './compose.ts'
import type { GeoData } from './geo.ts'
import { describeLocated, geoLayers, type RangeLayer, toLayer } from './layers.ts'
import type { Located } from './located.ts'
import { placeOf } from './places.ts'
import type { PlacedPrefix } from './provider.ts'

/** Where addresses are, and on whose word: what a range snapshot holds. */
export interface Ranges {
  readonly table: PrefixTable<Located>
  readonly metadata: RangesMetadata
}

/** What a snapshot says of itself. */
export interface RangesMetadata {
  readonly kind: 'ranges'
  readonly created: string
  readonly sources: readonly RangesSource[]
  /** Absent from a snapshot of the providers' lists alone. */
  readonly geo?: { readonly date: string; readonly source: string } | undefined
}

/** One provider's list in a snapshot. */
export interface RangesSource {
  readonly provider: string
  readonly title: string
  /** Its address, or its file's name. */
  readonly from: string
  /** The list's own, in its own words. */
  readonly date?: string | undefined
  /** When it was downloaded or saved, as `2026-07-29T08:27:05.000Z`. */
  readonly fetched: string
  /** How many the list had. */
  readonly prefixes: number
}

/** A list that goes into a snapshot. */
export interface SourcedList {
  readonly source: RangesSource
  readonly entries: readonly PlacedPrefix[]
}

const SOURCE: z.ZodType<RangesSource> = z.object({
  provider: z.string(),
  title: z.string(),
  from: z.string(),
  date: z.string().optional(),
  fetched: z.string(),
  prefixes: z.int(),
})

const METADATA: z.ZodType<RangesMetadata> = z.object({
  kind: z.literal('ranges'),
  created: z.string(),
  sources: z.array(SOURCE),
  geo: z.object({ date: z.string(), source: z.string() }).optional(),
})

/** How a place is written in a snapshot: how it is known, and its name. */
const LOCATED = /^(range|asn|country) ([!-~]{1,200})$/

/**
 * Puts lists and geo data into one table. Of two lists with the same address the earlier one is right; any list is
 * surer than the cloud that announces an address, and that is surer than a country.
 */
export function buildRanges(
  lists: readonly SourcedList[],
  geo: GeoData | undefined,
  created: string,
): Ranges {
  const layers: RangeLayer[] = lists.map(({ entries }) => toLayer(entries, 'range'))
  if (geo !== undefined) layers.push(...geoLayers(geo))
  return {
    table: buildPrefixTable(composeLayers(layers), describeLocated),
    metadata: {
      kind: 'ranges',
      created,
      sources: lists.map(({ source }) => source),
      ...(geo && { geo: { date: geo.date, source: geo.source } }),
    },
  }
}

/** Writes a range snapshot. */
export function encodeRanges({ table, metadata }: Ranges): Uint8Array {
  const [, ...values] = table.values
  return encodeSnapshot(new PrefixTable(table.cells, values.map(describeLocated)), metadata)
}

/**
 * Reads what {@link encodeRanges} wrote, without a copy of the table; `checksum` as in {@link decodeSnapshot}. Throws
 * `SNAPSHOT_INVALID` for anything else.
 */
export function decodeRanges(bytes: Uint8Array, checksum?: (bytes: Uint8Array) => number): Ranges {
  const { table, metadata } = decodeSnapshot(bytes, readLocated, checksum)
  const read = METADATA.safeParse(metadata)
  if (read.success) return { table, metadata: read.data }
  const fault = `it says of itself what cannot be used, at ${read.error.issues[0]!.path.join('.') || 'the top'}`
  throw new PortolanError('SNAPSHOT_INVALID', `this is not a usable range snapshot: ${fault}`, { fault })
}

/** Whether a snapshot can hold a place of this name. */
export function isPlaceName(name: string): boolean {
  return LOCATED.test(`range ${name}`)
}

function readLocated(value: unknown): Located | undefined {
  const match = typeof value === 'string' ? LOCATED.exec(value) : null
  if (match === null) return undefined
  return { place: placeOf(match[2]!), source: match[1] as 'range' | 'asn' | 'country' }
}
