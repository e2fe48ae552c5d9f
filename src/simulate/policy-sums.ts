import { hashText } from '../internal/text-hash.ts'
import type { OciRequest } from '../oci/path.ts'
import type { Backend } from '../routing/backend.ts'
import { classOf } from '../routing/request-class.ts'
import type { ContentSize } from './content-sizes.ts'
import { Distinct, type DistinctState } from './distinct.ts'
import type { LoggedRequest } from './logs/logged-request.ts'
import type { Path } from './pacing/path.ts'
import { type LoadState, SponsorLoad } from './pacing/sponsor-load.ts'
import { type Amount, type Cell, type CellKey, type Move, Sums } from './tally.ts'
import { timeSlot } from './time-slot.ts'
import type { TriedPolicy } from './tried-policy.ts'

/** What one policy makes of the requests. */
export interface PolicyState {
  readonly cells: ReadonlyMap<string, Cell>
  /** What it answers from elsewhere than the first policy. */
  readonly moves: ReadonlyMap<string, Move>
  /** By backend that is a CDN: each content, once for each place that it was asked for from. */
  readonly fills: ReadonlyMap<string, DistinctState>
  /** By store: each content, once for each time for which an answer is believed. */
  readonly probes: ReadonlyMap<string, DistinctState>
  /** What goes elsewhere since budgets would not last. */
  readonly passed: ReadonlyMap<string, Passed>
  /** What sponsors could be asked for, all of them open; nothing where nobody pays, or where that is known already. */
  readonly load: LoadState
}

/** Requests that went past a sponsor's backend. */
export interface Passed extends Amount {
  readonly sponsor: string
  /** Absent where the door itself answers. */
  readonly to?: string
}

/** Where a request would go by one policy. */
export interface Outcome {
  readonly backend: Backend | undefined
  readonly why: string
}

/** A request that was decided. */
export interface Answered {
  readonly logged: LoggedRequest
  readonly request: OciRequest
  /** Name of the client's place; absent for somewhere. */
  readonly place: string | undefined
  readonly outcome: Outcome
  readonly size: ContentSize
  /** Absent where no sponsor is on it. */
  readonly path?: Path | undefined
  /** The first sponsor that was passed over, since its budget would not last. */
  readonly past?: string | undefined
}

/** Adds up what one policy makes of requests. */
export class PolicySums {
  readonly #cells = new Sums<CellKey>()
  readonly #moves = new Sums<Omit<Move, keyof Amount>>()
  readonly #fills = new Map<string, Distinct>()
  readonly #probes = new Map<string, Distinct>()
  readonly #passed = new Sums<Omit<Passed, keyof Amount>>()
  readonly #load = new SponsorLoad()

  add(answered: Answered, policy: TriedPolicy): void {
    const { logged, request, place, outcome, size } = answered
    const backend = outcome.backend?.id
    const slot = timeSlot(logged.at)
    const requestClass = classOf(request)
    const key = `${backend ?? ''}\n${place ?? ''}\n${requestClass}\n${outcome.why}\n${slot}`
    const cell = this.#cells.at(key, () => ({
      ...(backend !== undefined && { backend }),
      ...(place !== undefined && { place }),
      class: requestClass,
      why: outcome.why,
      slot,
    }))
    count(cell, logged.method, size)
    this.#note(answered, policy)
    this.#notePaces(answered)
  }

  /** Adds a request that the first policy answers otherwise. */
  addMove(before: Outcome, { logged, place, outcome, size }: Answered): void {
    const [from, to] = [before.backend?.id, outcome.backend?.id]
    const key = `${from ?? ''}\n${to ?? ''}\n${place ?? ''}\n${before.why}\n${outcome.why}`
    const move = this.#moves.at(key, () => ({
      from,
      to,
      whyFrom: before.why,
      whyTo: outcome.why,
      ...(place !== undefined && { place }),
    }))
    count(move, logged.method, size)
  }

  /** What is the first of its kind makes more work than those after it: CDNs fetch it, and stores are asked for it. */
  #note({ logged, request, place, outcome: { backend }, size }: Answered, policy: TriedPolicy): void {
    const digest = digestOf(request)
    if (digest === undefined || backend === undefined) return
    if (backend.kind === 'store' && backend.place.name === 'anycast' && logged.method === 'GET') {
      of(this.#fills, backend).add(hashText(`${digest} ${place ?? ''}`), size.bytes)
    }
    if (!policy.mustAsk(backend)) return
    of(this.#probes, backend).add(hashText(`${digest} ${Math.floor(logged.at / policy.presenceTtl)}`), 0)
  }

  #notePaces({ logged, place, outcome: { backend }, size, path, past }: Answered): void {
    if (path !== undefined) {
      const amount: Amount = { gets: 0, heads: 0, bytes: 0, estimated: 0 }
      count(amount, logged.method, size)
      this.#load.add(logged.at, place, path, amount)
    }
    if (past === undefined) return
    const to = backend?.id
    const passed = this.#passed.at(`${past}\n${to ?? ''}`, () => ({
      sponsor: past,
      ...(to !== undefined && { to }),
    }))
    count(passed, logged.method, size)
  }

  get state(): PolicyState {
    return {
      cells: this.#cells.cells,
      moves: this.#moves.cells,
      fills: stateOf(this.#fills),
      probes: stateOf(this.#probes),
      passed: this.#passed.cells,
      load: this.#load.state,
    }
  }
}

function count(sum: Amount, method: string, { bytes, estimated }: ContentSize): void {
  if (method === 'HEAD') sum.heads++
  else sum.gets++
  sum.bytes += bytes
  if (estimated) sum.estimated += bytes
}

function of(sets: Map<string, Distinct>, { id }: Backend): Distinct {
  let set = sets.get(id)
  if (set === undefined) {
    set = new Distinct()
    sets.set(id, set)
  }
  return set
}

function stateOf(sets: ReadonlyMap<string, Distinct>): ReadonlyMap<string, DistinctState> {
  return new Map(sets.entries().map(([id, set]) => [id, set.state]))
}

function digestOf(request: OciRequest): string | undefined {
  if (request.kind === 'blob') return request.digest
  return request.kind === 'manifest' && request.byDigest ? request.reference : undefined
}
