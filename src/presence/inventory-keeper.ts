import pLimit from 'p-limit'
import { PortolanError } from '../errors.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { InventoryPointer } from '../inventory/pointer.ts'
import type { Digest } from '../oci/digest.ts'
import type { Store } from '../routing/backend.ts'
import type { Clock, Fetch } from '../runtime.ts'
import { fetchInventory, fetchInventoryPointer } from './inventory-fetch.ts'
import { createInventoryShelf, type InventoryShelf } from './inventory-shelf.ts'

export interface InventoryKeeperOptions {
  /** For pointers. */
  readonly fetch: () => Fetch
  /** For the files, which may take longer than an answer to a probe: without a time limit of its own. */
  readonly download: () => Fetch
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
  /** Whether a store is known to be one of the operator's; one that is not is not asked for its inventory. */
  readonly isOurs: (store: Store) => boolean
  /** Told of every attempt, and what was wrong with the one before, if anything. */
  readonly onAttempt: (store: Store, attempt: InventoryAttempt, before: string | undefined) => void
}

/** How an attempt to have the newest inventory of a store ended. */
export type InventoryAttempt =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'loaded'; readonly inventory: Inventory; readonly digest: Digest }
  | { readonly kind: 'failed'; readonly problem: string }

/** How it stands with the inventory of a store. */
export interface InventoryStatus {
  /** `kept`: the newest could not be had, and an earlier one is in use. `missing`: the same, and there is none. */
  readonly status: 'pending' | 'ok' | 'kept' | 'missing'
  readonly digest?: Digest
  /** When the inventory in use was made, in milliseconds since 1970. */
  readonly at?: number
  readonly count?: number
  /** False as long as something that it lists is known to be gone. */
  readonly believed?: boolean
  readonly problem?: string
}

/** Has the inventories of stores, and keeps them new. */
export interface InventoryKeeper extends Pick<InventoryShelf, 'verdict' | 'listed' | 'canary' | 'believe'> {
  /** Keeps the inventories of these stores from now on; those of stores that were there before stay, and are refreshed. */
  use(stores: readonly Store[]): void
  /** Asks for the inventory of a store at once. */
  refresh(store: Store): void
  /** Uses the inventory of a store no more, until `refresh`: the store turned out to be somebody else's. */
  forget(store: Store): void
  /** `undefined` for a store whose inventory is not kept. */
  status(store: Store): InventoryStatus | undefined
  stop(): void
}

/** Between two looks at the pointer of a store, in milliseconds. */
const INTERVAL = 60_000
/** Doors that were started together must not ask together: each waits up to this part less or more. */
const JITTER = 0.1
/** How long one file may take altogether, in milliseconds. */
const DOWNLOAD_TIMEOUT = 60_000
/** Files that are fetched at once: each may be large. */
const MAX_DOWNLOADS = 4

interface Entry {
  /** Of the inventory in use. */
  digest?: Digest
  etag?: string | undefined
  checked: boolean
  problem?: string | undefined
  callOff: () => void
  running: boolean
}

/**
 * Loads the inventory of each store from its public URL and looks for a newer one every minute. What does not come or
 * is not right leaves the one before in use. Stores with the same inventory share it in memory.
 */
export function createInventoryKeeper(options: InventoryKeeperOptions): InventoryKeeper {
  const { fetch, download, clock, random, isOurs, onAttempt } = options
  const shelf = createInventoryShelf()
  const inTurn = pLimit(MAX_DOWNLOADS)
  const stopped = new AbortController()
  const entries = new Map<Store, Entry>()
  const downloads = new Map<Digest, Promise<Inventory>>()

  async function load(store: Store, entry: Entry): Promise<void> {
    entry.callOff()
    if (entry.running || !isOurs(store)) return
    entry.running = true
    const attempt = await tryLoad(store, entry).catch((error: unknown): InventoryAttempt => {
      const problem = error instanceof PortolanError ? error.message : String(error)
      return { kind: 'failed', problem }
    })
    entry.running = false
    if (stopped.signal.aborted || entries.get(store) !== entry) return
    const wait = INTERVAL * (1 - JITTER + 2 * JITTER * random())
    entry.callOff = clock.after(wait, () => void load(store, entry))
    // Who lost the store while this ran does not want its inventory any more.
    if (!isOurs(store)) return
    const before = entry.problem
    entry.checked = true
    entry.problem = attempt.kind === 'failed' ? attempt.problem : undefined
    if (attempt.kind === 'loaded') {
      entry.digest = attempt.digest
      shelf.put(store, attempt.inventory)
    }
    onAttempt(store, attempt, before)
  }

  async function tryLoad(store: Store, entry: Entry): Promise<InventoryAttempt> {
    const fetched = await fetchInventoryPointer(store.url, entry.etag, fetch())
    if (fetched === 'unchanged') return { kind: 'unchanged' }
    const { pointer, etag } = fetched
    // Set only once what it stands for is in use: what was refused must come again.
    entry.etag = undefined
    const { digest } = pointer
    if (digest !== entry.digest) {
      const inventory = await obtain(store, pointer)
      if (inventory.count !== pointer.count || inventory.at !== pointer.at) {
        const message = 'the inventory is not of the date or the count that its pointer says'
        throw new PortolanError('CONTENT_INVALID', message)
      }
      entry.etag = etag
      return { kind: 'loaded', inventory, digest }
    }
    entry.etag = etag
    return { kind: 'unchanged' }
  }

  /** The same digest is the same inventory, whoever has it. */
  async function obtain(store: Store, pointer: InventoryPointer): Promise<Inventory> {
    const { digest } = pointer
    for (const [other, entry] of entries) {
      if (entry.digest === digest) return shelf.get(other)!
    }
    const running = await downloads.get(digest)?.catch(() => undefined)
    if (running !== undefined) return running
    const fetched = inTurn(() => fetchInTime(store, pointer)).finally(() => downloads.delete(digest))
    downloads.set(digest, fetched)
    return fetched
  }

  async function fetchInTime(store: Store, pointer: InventoryPointer): Promise<Inventory> {
    const late = new AbortController()
    const callOff = clock.after(DOWNLOAD_TIMEOUT, () =>
      late.abort(new Error(`no complete answer within ${DOWNLOAD_TIMEOUT / 1000} s`)),
    )
    try {
      const signal = AbortSignal.any([late.signal, stopped.signal])
      return await fetchInventory(store.url, pointer, download(), signal)
    } finally {
      callOff()
    }
  }

  function drop(store: Store, entry: Entry): void {
    entry.callOff()
    shelf.remove(store)
    entries.delete(store)
  }

  function begin(store: Store): void {
    const entry: Entry = { checked: false, callOff() {}, running: false }
    entries.set(store, entry)
    void load(store, entry)
  }

  return {
    verdict: shelf.verdict,
    listed: shelf.listed,
    canary: shelf.canary,
    believe: shelf.believe,
    use(stores) {
      for (const [store, entry] of entries) if (!stores.includes(store)) drop(store, entry)
      // Whoever has just filled a store reloads the config to have it noticed.
      for (const store of stores) {
        const entry = entries.get(store)
        if (entry === undefined) begin(store)
        else void load(store, entry)
      }
    },
    refresh(store) {
      const entry = entries.get(store)
      if (entry !== undefined) void load(store, entry)
    },
    forget(store) {
      const entry = entries.get(store)
      if (entry === undefined) return
      drop(store, entry)
      begin(store)
    },
    status(store) {
      const entry = entries.get(store)
      if (entry === undefined) return undefined
      const inventory = shelf.get(store)
      const found = inventory === undefined ? 'missing' : 'kept'
      return {
        status: !entry.checked ? 'pending' : entry.problem === undefined ? 'ok' : found,
        ...(inventory !== undefined &&
          entry.digest !== undefined && {
            digest: entry.digest,
            at: inventory.at,
            count: inventory.count,
            believed: shelf.isBelieved(store),
          }),
        ...(entry.problem !== undefined && { problem: entry.problem }),
      }
    },
    stop() {
      stopped.abort()
      for (const entry of entries.values()) entry.callOff()
    },
  }
}
