import type { Config } from '../config/config.ts'
import { createMissWatch } from '../health/miss-watch.ts'
import {
  createOwnershipGuard,
  type OwnershipGuard,
  type OwnershipPolicy,
  type OwnershipStatus,
} from '../health/ownership-guard.ts'
import type { Digest } from '../oci/digest.ts'
import type { OciRequest } from '../oci/path.ts'
import {
  createInventoryKeeper,
  type InventoryAttempt,
  type InventoryKeeper,
  type InventoryStatus,
} from '../presence/inventory-keeper.ts'
import type { Backend, Store } from '../routing/backend.ts'
import type { Verdict } from '../routing/decide.ts'
import type { Clock, Fetch } from '../runtime.ts'
import type { Log } from '../telemetry/log.ts'

export interface TestimonyOptions {
  /** With the time limit of a probe. */
  readonly fetch: () => Fetch
  /** Without a time limit. */
  readonly download: Fetch
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
  readonly log: Log
  /** Whether anything that a store was found to have is remembered still. */
  readonly holdsAnything: (id: string) => boolean
  /** Told of a store whose inventory lists what is not there. */
  readonly onDisbelief: (id: string) => void
  readonly onRefresh: (id: string, result: 'success' | 'failure') => void
}

/** What stores say of themselves, that is their inventories and proofs of ownership, and whether it is borne out. */
export interface Testimony {
  readonly inventories: Pick<InventoryKeeper, 'verdict' | 'listed'>
  readonly ownership: Pick<OwnershipGuard, 'examine'>
  /** A blob that the inventory of a store lists. */
  listedCanary(id: string): Digest | undefined
  /** Takes in whether a store has the canary that its config or its inventory names. */
  noteCanary(id: string, present: boolean): void
  /** Takes in what a presence probe found. */
  noteAnswer(backend: Backend, request: OciRequest, verdict: Verdict): void
  /** `undefined` for an id that is no store's. */
  status(id: string): TestimonyStatus | undefined
  /** Goes by these stores from now on; what stores that stay the same have said stays. */
  use(config: Config, stores: readonly Store[], policy: OwnershipPolicy | undefined): void
  stop(): void
}

export interface TestimonyStatus {
  /** Absent when the door does not go by its inventory. */
  readonly inventory: InventoryStatus | undefined
  /** Absent when it has to prove nothing. */
  readonly ownership: OwnershipStatus | undefined
  readonly missesAll: boolean
}

export function createTestimony(options: TestimonyOptions): Testimony {
  const { fetch, download, clock, random, log, holdsAnything, onDisbelief, onRefresh } = options
  let stores: ReadonlyMap<string, Store> = new Map()
  let owing: ReadonlySet<string> = new Set()

  const ownership = createOwnershipGuard({
    fetch,
    clock,
    random,
    onChange(backend, { status, because, why }) {
      const store = stores.get(backend)
      if (store === undefined) return
      if (status === 'proven') {
        log.info({ backend }, 'a store has proven whose it is')
        inventories.refresh(store)
      } else {
        log.error({ backend, because, why }, 'a store does not prove whose it is, and gets no clients')
        inventories.forget(store)
      }
    },
  })
  const inventories = createInventoryKeeper({
    fetch,
    download: () => download,
    clock,
    random,
    isOurs: ({ id }) => !owing.has(id) || ownership.status(id).status === 'proven',
    onAttempt({ id }, attempt, before) {
      onRefresh(id, attempt.kind === 'failed' ? 'failure' : 'success')
      logAttempt(id, attempt, before)
    },
  })
  const misses = createMissWatch({
    clock,
    holdsAnything,
    onChange(backend, missesAll) {
      if (missesAll) log.error({ backend }, 'a store has nothing of what it should have')
      else log.info({ backend }, 'a store has what it should have again')
    },
  })

  function logAttempt(backend: string, attempt: InventoryAttempt, before: string | undefined): void {
    if (attempt.kind === 'failed') {
      const { problem } = attempt
      if (problem !== before) log.warn({ backend, problem }, 'the newest inventory of a store was not taken')
      return
    }
    if (attempt.kind === 'loaded') {
      const { at, count } = attempt.inventory
      const fields = { backend, at: new Date(at).toISOString(), entries: count }
      log.info(fields, 'a new inventory of a store is in use')
    } else if (before !== undefined) log.info({ backend }, 'the inventory of a store is right again')
  }

  return {
    inventories,
    ownership,
    listedCanary(id) {
      const store = stores.get(id)
      return store && inventories.canary(store)
    },
    noteCanary(id, present) {
      const store = stores.get(id)
      if (store === undefined) return
      misses.answered(id, present, true)
      if (!inventories.believe(store, present)) return
      if (present) log.info({ backend: id }, 'a store has its canary again; its inventory is believed')
      else onDisbelief(id)
    },
    noteAnswer(backend, request, verdict) {
      if (backend.kind !== 'store' || verdict === 'unknown') return
      const isListed = inventories.listed(backend, request) !== undefined
      // Of what its inventory does not list, nobody said that it should be there.
      const isExpected = isListed || inventories.status(backend)?.at === undefined
      if (isExpected || verdict === 'present') misses.answered(backend.id, verdict === 'present', isListed)
    },
    status(id) {
      const store = stores.get(id)
      return (
        store && {
          inventory: inventories.status(store),
          ownership: owing.has(id) ? ownership.status(id) : undefined,
          missesAll: misses.missesAll(id),
        }
      )
    },
    use(config, next, policy) {
      stores = new Map(next.map((store) => [store.id, store]))
      const idsOf = (some: Config['stores']) => new Set(some.map(({ id }) => id))
      owing = idsOf(config.stores.filter(({ proof }) => proof !== undefined))
      const listing = idsOf(config.stores.filter(({ inventory }) => inventory))
      misses.keep(new Set(stores.keys()))
      ownership.use(policy, [...owing])
      inventories.use(next.filter(({ id }) => listing.has(id)))
    },
    stop: () => inventories.stop(),
  }
}
