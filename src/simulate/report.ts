import type { Place } from '../clouds/place.ts'
import { placeOf } from '../clouds/places.ts'
import type { Config, StoreConfig, UpstreamConfig } from '../config/config.ts'
import { type Change, changesOf, type ReadAmount } from './changes.ts'
import { type Distances, DistanceTally } from './distances.ts'
import { type DistinctSum, sumOf } from './distinct.ts'
import type { PolicyState } from './policy-sums.ts'
import type { ReplayState } from './replay.ts'
import { type Amount, addAmount, type Cell } from './tally.ts'

/** A policy as it is reported: a config, and what was taken to be otherwise. */
export interface PolicyNote {
  /** How the config is called: its file. */
  readonly name: string
  readonly config: Config
  /** Ids of backends that were taken to be down. */
  readonly down: readonly string[]
}

/** What a policy makes of the requests of a log. */
export interface PolicyReport extends ReadAmount {
  /** The file of the config. */
  readonly config: string
  readonly down?: readonly string[]
  /** Those among the bytes that are reckoned. */
  readonly estimatedBytes: number
  /** What the door answers by itself, or refuses. */
  readonly door: { readonly requests: number }
  readonly distance: Distances
  /** In the order of the config, those that get nothing included. */
  readonly backends: readonly BackendReport[]
  /** Against the first policy; absent of that itself. */
  readonly changes?: readonly Change[]
}

export interface BackendReport extends ReadAmount {
  readonly id: string
  readonly kind: 'upstream' | 'store'
  readonly place: string
  readonly heads: number
  readonly estimatedBytes: number
  readonly distance: Distances
  /** Of a CDN: what it has to fetch, each content once for each place. */
  readonly fills?: { readonly requests: number; readonly bytes: number; readonly estimated: boolean }
  /** Of a store without an inventory: how often the door asks it whether it holds something. */
  readonly probes?: { readonly requests: number; readonly estimated: boolean }
}

/** Lays out what came of a replay, for people and tools. */
export function reportPolicies(notes: readonly PolicyNote[], { policies }: ReplayState): PolicyReport[] {
  return notes.map((note, index) => reportPolicy(note, policies[index], index > 0))
}

function reportPolicy(
  { name, config, down }: PolicyNote,
  state: PolicyState | undefined,
  isCompared: boolean,
): PolicyReport {
  const cells = [...(state?.cells.values() ?? [])]
  const total = totalOf(cells)
  const backends = [
    ...config.stores.map((store) => ({ kind: 'store', ...store }) as const),
    ...config.upstreams.map((upstream) => ({ kind: 'upstream', ...upstream }) as const),
  ]
  const places = new Map(backends.map(({ id, at }) => [id, placeOf(at)]))
  const distances = (those: readonly Cell[]) => distancesOf(those, places)
  const byBackend = Map.groupBy(cells, ({ backend }) => backend)
  return {
    config: name,
    ...(down.length > 0 && { down }),
    requests: total.gets + total.heads,
    bytes: total.bytes,
    estimatedBytes: total.estimated,
    door: { requests: countOf(byBackend.get(undefined) ?? []) },
    distance: distances(cells),
    backends: backends.map((backend) =>
      reportBackend(backend, byBackend.get(backend.id) ?? [], state, distances),
    ),
    ...(isCompared && { changes: changesOf(state?.moves.values() ?? []) }),
  }
}

function reportBackend(
  { id, kind, at }: (StoreConfig | UpstreamConfig) & { readonly kind: BackendReport['kind'] },
  cells: readonly Cell[],
  state: PolicyState | undefined,
  distances: (cells: readonly Cell[]) => Distances,
): BackendReport {
  const total = totalOf(cells)
  const [fills, probes] = [state?.fills.get(id), state?.probes.get(id)]
  return {
    id,
    kind,
    place: at,
    requests: total.gets + total.heads,
    bytes: total.bytes,
    heads: total.heads,
    estimatedBytes: total.estimated,
    distance: distances(cells),
    ...(fills && { fills: asFills(sumOf(fills)) }),
    ...(probes && { probes: asProbes(sumOf(probes)) }),
  }
}

function asFills({ count, weight, estimated }: DistinctSum): NonNullable<BackendReport['fills']> {
  return { requests: count, bytes: weight, estimated }
}

function asProbes({ count, estimated }: DistinctSum): NonNullable<BackendReport['probes']> {
  return { requests: count, estimated }
}

function distancesOf(cells: readonly Cell[], places: ReadonlyMap<string, Place>): Distances {
  const tally = new DistanceTally()
  for (const { backend, place, gets, heads } of cells) {
    if (backend === undefined) continue
    tally.add(place === undefined ? undefined : placeOf(place), places.get(backend)!, gets + heads)
  }
  return tally.distances
}

function totalOf(cells: readonly Cell[]): Amount {
  const total: Amount = { gets: 0, heads: 0, bytes: 0, estimated: 0 }
  for (const cell of cells) addAmount(total, cell)
  return total
}

function countOf(cells: readonly Cell[]): number {
  const { gets, heads } = totalOf(cells)
  return gets + heads
}
