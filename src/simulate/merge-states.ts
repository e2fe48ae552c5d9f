import { Distinct, type DistinctState } from './distinct.ts'
import { type LoadState, SponsorLoad } from './pacing/sponsor-load.ts'
import type { PolicyState } from './policy-sums.ts'
import type { ReplayState } from './replay.ts'
import { type Amount, Sums } from './tally.ts'

/** Puts together what came of parts of a replay: the same, however the requests were parted. */
export function mergeStates(states: readonly ReplayState[]): ReplayState {
  const count = Math.max(0, ...states.map(({ policies }) => policies.length))
  const total = (of: (state: ReplayState) => number) => states.reduce((sum, state) => sum + of(state), 0)
  return {
    policies: Array.from({ length: count }, (_, index) =>
      mergePolicies(states.flatMap(({ policies }) => policies[index] ?? [])),
    ),
    refused: total(({ refused }) => refused),
    pages: total(({ pages }) => pages),
    first: Math.min(...states.map(({ first }) => first)),
    last: Math.max(...states.map(({ last }) => last)),
  }
}

function mergePolicies(states: readonly PolicyState[]): PolicyState {
  return {
    cells: mergeSums(states.map(({ cells }) => cells)),
    moves: mergeSums(states.map(({ moves }) => moves)),
    fills: mergeSets(states.map(({ fills }) => fills)),
    probes: mergeSets(states.map(({ probes }) => probes)),
    passed: mergeSums(states.map(({ passed }) => passed)),
    load: mergeLoads(states.map(({ load }) => load)),
  }
}

/** By the order of their keys, so that what is printed of them does not tell who has counted what. */
function mergeSums<Sum extends Amount>(parts: readonly ReadonlyMap<string, Sum>[]): ReadonlyMap<string, Sum> {
  const sums = new Sums<Sum>()
  for (const part of parts) sums.merge(part)
  return inOrder(sums.cells)
}

function mergeSets(parts: readonly ReadonlyMap<string, DistinctState>[]): ReadonlyMap<string, DistinctState> {
  const sets = new Map<string, Distinct>()
  for (const part of parts) {
    for (const [id, state] of part) {
      const set = sets.get(id) ?? new Distinct()
      sets.set(id, set)
      set.merge(state)
    }
  }
  return inOrder(new Map(sets.entries().map(([id, set]) => [id, set.state])))
}

function mergeLoads(parts: readonly LoadState[]): LoadState {
  const load = new SponsorLoad()
  for (const part of parts) load.merge(part)
  return load.state
}

function inOrder<Value>(map: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
  return new Map([...map].sort(([one], [other]) => (one < other ? -1 : 1)))
}
