import { MoveBudget } from './move-budget.ts'
import { StoreWatch } from './store-watch.ts'

/** What is kept of one store. */
export interface WatchedStore {
  /** Part of the keys of its records: a store that comes back under its old name begins anew. */
  readonly salt: number
  readonly watch: StoreWatch
  readonly budget: MoveBudget
}

/** The stores of the config, by id; what is not kept at a reload goes. */
export class WatchedStores {
  readonly #stores = new Map<string, WatchedStore>()
  readonly #random: () => number
  readonly #maxMovedBytes: number
  #added = 0

  constructor(random: () => number, maxMovedBytes: number) {
    this.#random = random
    this.#maxMovedBytes = maxMovedBytes
  }

  get(id: string): WatchedStore {
    return this.#stores.get(id) ?? this.#add(id)
  }

  /** The store, if it was asked for anything yet. */
  peek(id: string): WatchedStore | undefined {
    return this.#stores.get(id)
  }

  entries(): [string, WatchedStore][] {
    return [...this.#stores]
  }

  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#stores.keys()) if (!ids.has(id)) this.#stores.delete(id)
  }

  #add(id: string): WatchedStore {
    const store = {
      salt: Math.imul(++this.#added, 0x9e3779b1) ^ (this.#random() * 0x1_0000_0000),
      watch: new StoreWatch(),
      budget: new MoveBudget(this.#maxMovedBytes),
    }
    this.#stores.set(id, store)
    return store
  }
}
