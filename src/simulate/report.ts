import type { Place } from '../clouds/place.ts'
import { placeOf } from '../clouds/places.ts'
import type { Config, StoreConfig, UpstreamConfig } from '../config/config.ts'
import { type BillReport, costsOf, type Money, reportBill, sumsOf } from './bill-report.ts'
import { type Change, changesOf, type ReadAmount } from './changes.ts'
import { type Distances, DistanceTally } from './distances.ts'
import { type DistinctSum, sumOf } from './distinct.ts'
import { type Account, billsOf, type CdnFill } from './money.ts'
import type { Foreseen } from './pacing/foresee.ts'
import type { BudgetReport } from './pacing/sponsor-history.ts'
import type { PolicyState } from './policy-sums.ts'
import type { ReplayState } from './replay.ts'
import { type Amount, addAmount, type Cell, scaled } from './tally.ts'

/** A policy as it is reported: a config, and what was taken to be otherwise. */
export interface PolicyNote {
  /** How the config is called: its file. */
  readonly name: string
  readonly config: Config
  /** Ids of backends that were taken to be down. */
  readonly down: readonly string[]
  /** Ids of sponsors that were taken to pay no more, so that their backends are down. */
  readonly withoutSponsors: readonly string[]
  /** Who pays for what; none where nothing has a price. */
  readonly accounts: readonly Account[]
  /** The sponsors of the config, each with the ids of what it pays for. */
  readonly sponsors: ReadonlyMap<string, readonly string[]>
  /** The backend that CDNs fetch from what they lack. */
  readonly origin: string
  /** How the budgets of its sponsors fared; absent where nobody pays. */
  readonly foreseen?: Foreseen
}

/** What a policy makes of the requests of a log. */
export interface PolicyReport extends ReadAmount {
  /** The file of the config. */
  readonly config: string
  readonly down?: readonly string[]
  readonly withoutSponsors?: readonly string[]
  /** Those among the bytes that are reckoned. */
  readonly estimatedBytes: number
  /** What the door answers by itself, or refuses. */
  readonly door: { readonly requests: number }
  readonly distance: Distances
  /** In the order of the config, those that get nothing included. */
  readonly backends: readonly BackendReport[]
  /** What goes to the backends of each sponsor, in the order of the config. */
  readonly sponsors: readonly SponsorReport[]
  /** What it costs, by currency, months taken together; none where nothing has a price. */
  readonly cost: readonly Money[]
  readonly bills: readonly BillReport[]
  /** Against the first policy; absent of that itself. */
  readonly changes?: readonly Change[]
}

export interface SponsorReport extends ReadAmount {
  readonly id: string
  /** Ids of what it pays for. */
  readonly backends: readonly string[]
  /** Absent where its traffic has no prices. */
  readonly cost?: Money
  readonly budget: BudgetReport
  /** What went elsewhere since its budget would not last, and to which backend; absent of one for the door itself. */
  readonly passed: readonly (ReadAmount & { readonly to?: string })[]
}

export interface BackendReport extends ReadAmount {
  readonly id: string
  readonly kind: 'upstream' | 'store'
  readonly place: string
  readonly heads: number
  readonly estimatedBytes: number
  /** Absent where its account has no prices. */
  readonly cost?: Money
  readonly distance: Distances
  /** Of a CDN: what it has to fetch, each content once for each place. */
  readonly fills?: { readonly requests: number; readonly bytes: number; readonly estimated: boolean }
  /** Of a store without an inventory: how often the door asks it whether it holds something. */
  readonly probes?: { readonly requests: number; readonly estimated: boolean }
}

/** Lays out what came of a replay, for people and tools; each request stands for `times` of them. */
export function reportPolicies(
  notes: readonly PolicyNote[],
  { policies, first }: ReplayState,
  times = 1,
): PolicyReport[] {
  return notes.map((note, index) =>
    reportPolicy(note, policies[index], { times, first, isCompared: index > 0 }),
  )
}

interface Basis {
  readonly times: number
  /** When the first request was. */
  readonly first: number
  readonly isCompared: boolean
}

function reportPolicy(
  { name, config, down, withoutSponsors, accounts, sponsors, origin, foreseen }: PolicyNote,
  state: PolicyState | undefined,
  { times, first, isCompared }: Basis,
): PolicyReport {
  const places = new Places()
  const cells = [...(state?.cells.values() ?? [])]
  const backends = [
    ...config.stores.map((store) => ({ kind: 'store', ...store }) as const),
    ...config.upstreams.map((upstream) => ({ kind: 'upstream', ...upstream }) as const),
  ]
  const at = new Map(backends.map(({ id, at }) => [id, places.of(at)]))
  const distances = (those: readonly Cell[]) => distancesOf(those, at, places)
  const fills = fillsOf(state, origin, first)
  const bills = billsOf(accounts, cells, fills, { times, placeOf: (place) => places.of(place) })
  const costs = new Map(accounts.flatMap((account) => costsOf(account, bills)))
  const byBackend = Map.groupBy(cells, ({ backend }) => backend)
  const total = totalOf(cells, times)
  return {
    config: name,
    ...(down.length > 0 && { down }),
    ...(withoutSponsors.length > 0 && { withoutSponsors }),
    requests: total.gets + total.heads,
    bytes: total.bytes,
    estimatedBytes: total.estimated,
    door: { requests: countOf(byBackend.get(undefined) ?? [], times) },
    distance: distances(cells),
    backends: backends.map((backend) => {
      const own = byBackend.get(backend.id) ?? []
      const report = reportBackend(backend, totalOf(own, times), distances(own), costs.get(backend.id))
      const [fill, probes] = [fills.find(({ cdn }) => cdn === backend.id), state?.probes.get(backend.id)]
      return {
        ...report,
        ...(fill && { fills: { requests: fill.requests, bytes: fill.bytes, estimated: fill.estimated } }),
        ...(probes && { probes: probesOf(sumOf(probes)) }),
      }
    }),
    sponsors: (foreseen?.sponsors ?? []).map(({ id, report: budget }) => {
      const ids = sponsors.get(id)!
      const own = ids.flatMap((backend) => byBackend.get(backend) ?? [])
      const [cost] = sumsOf(bills.filter(({ account }) => account === id))
      const passed = passedOf(id, state, times)
      return { id, backends: ids, ...readAmount(totalOf(own, times)), ...(cost && { cost }), budget, passed }
    }),
    cost: sumsOf(bills),
    bills: bills.map(reportBill),
    ...(isCompared && { changes: changesOf(state?.moves.values() ?? [], times) }),
  }
}

/** To whom most bytes went first. */
function passedOf(id: string, state: PolicyState | undefined, times: number): SponsorReport['passed'] {
  return [...(state?.passed.values() ?? [])]
    .filter(({ sponsor }) => sponsor === id)
    .map(({ to, ...amount }) => ({ ...(to !== undefined && { to }), ...readAmount(scaled(amount, times)) }))
    .sort((one, other) => other.bytes - one.bytes || other.requests - one.requests)
}

function readAmount({ gets, heads, bytes }: Amount): ReadAmount {
  return { requests: gets + heads, bytes }
}

function reportBackend(
  { id, kind, at }: (StoreConfig | UpstreamConfig) & { readonly kind: BackendReport['kind'] },
  { gets, heads, bytes, estimated }: Amount,
  distance: Distances,
  cost: Money | undefined,
): BackendReport {
  return {
    id,
    kind,
    place: at,
    requests: gets + heads,
    bytes,
    heads,
    estimatedBytes: estimated,
    ...(cost && { cost }),
    distance,
  }
}

/** Places by their names, each made once. */
class Places {
  readonly #places = new Map<string, Place>()

  of(name: string): Place {
    let place = this.#places.get(name)
    if (place === undefined) {
      place = placeOf(name)
      this.#places.set(name, place)
    }
    return place
  }
}

function fillsOf(
  state: PolicyState | undefined,
  origin: string,
  slot: number,
): readonly (CdnFill & Pick<DistinctSum, 'estimated'>)[] {
  return [...(state?.fills ?? [])].map(([cdn, set]) => {
    const { count, weight, estimated } = sumOf(set)
    return { from: origin, cdn, requests: count, bytes: weight, estimated, slot }
  })
}

function probesOf({ count, estimated }: DistinctSum): NonNullable<BackendReport['probes']> {
  return { requests: count, estimated }
}

function distancesOf(
  cells: readonly Cell[],
  backends: ReadonlyMap<string, Place>,
  places: Places,
): Distances {
  const tally = new DistanceTally()
  for (const { backend, place, gets, heads } of cells) {
    if (backend === undefined) continue
    tally.add(place === undefined ? undefined : places.of(place), backends.get(backend)!, gets + heads)
  }
  return tally.distances
}

function totalOf(cells: readonly Cell[], times: number): Amount {
  const total: Amount = { gets: 0, heads: 0, bytes: 0, estimated: 0 }
  for (const cell of cells) addAmount(total, cell)
  return scaled(total, times)
}

function countOf(cells: readonly Cell[], times: number): number {
  const { gets, heads } = totalOf(cells, times)
  return gets + heads
}
