/**
 * What a provider asks for traffic, by its own page, on one day. Amounts of data are in the table's unit, prices in
 * millionths of its currency; a price that nobody said is absent, which is not 0.
 */
export interface PriceTable {
  /** How bills name it: `aws`, or what an operator's own file calls itself. */
  readonly name: string
  /** The page that it was read from. */
  readonly source: string
  /** The day on which that was: `2026-09-30`. */
  readonly asOf: string
  /** ISO 4217. */
  readonly currency: string
  /** Bytes of the unit that prices and tiers are in: 10^9, or 2^30. */
  readonly unit: bigint
  /** The cloud whose regions it names; absent for a CDN, which serves from everywhere. */
  readonly cloud?: string
  /** Where the provider's months end. */
  readonly timezone: string
  readonly note?: string
  /** What goes free in each month, by name: units of data, or requests. */
  readonly allowances: { readonly transfer: Allowances; readonly requests: Allowances }
  /** The first that holds counts. */
  readonly transfer: readonly TransferPrice[]
  readonly requests: readonly RequestPrice[]
}

type Allowances = ReadonlyMap<string, bigint>

/** How data leaves: within its region, to another one of the same cloud, to a CDN that fills its cache, to all others. */
export type Way = (typeof WAYS)[number]
export const WAYS = ['same-region', 'same-cloud', 'cdn', 'internet'] as const

/** Which traffic a price is for. */
export interface Scope {
  /** Regions that it leaves; absent for all. */
  readonly from?: ReadonlySet<string>
  /** Absent for every way. */
  readonly to?: Way
  /** Where it goes: regions of the cloud, `country/FR`, names of CDNs; absent for everywhere. */
  readonly in?: ReadonlySet<string>
  /** The allowance that is used up first. */
  readonly free?: string
}

/** What data costs. */
export interface TransferPrice extends Scope {
  /** Whether each region's data climbs the tiers alone, or that of all regions together. */
  readonly per: 'region' | 'account'
  /** In order; each price is for the part of a month's data that lies in its tier. */
  readonly tiers: readonly Tier[]
}

/** A part of a month's data. */
export interface Tier {
  /** Units of a month at which it ends; absent of the last one. */
  readonly upTo?: bigint
  /** Millionths for one unit; absent where there is no public price. */
  readonly price?: bigint
}

/** What requests cost. */
export interface RequestPrice extends Scope {
  /** Absent for both. */
  readonly method?: 'GET' | 'HEAD'
  /** Millionths for 10,000 of them; absent where there is no public price. */
  readonly per10000?: bigint
}
