/** So many places, given out in the order in which they were asked for. */
export class Semaphore {
  readonly #places: number
  #taken = 0
  readonly #waiting = new Set<{ readonly weight: number; readonly enter: () => void }>()

  constructor(places: number) {
    this.#places = places
  }

  /** Whether nobody holds a place. */
  get idle(): boolean {
    return this.#taken === 0
  }

  /**
   * Waits for `weight` places, all of them for one who wants more than there are; gives the function that frees them, of
   * which a second call does nothing. Rejects with the signal's reason when that aborts first.
   */
  acquire(signal?: AbortSignal | null, weight = 1): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const leave = () => {
        this.#waiting.delete(asked)
        reject(signal?.reason)
        this.#admit()
      }
      const asked = {
        weight: Math.min(weight, this.#places),
        enter: () => {
          signal?.removeEventListener('abort', leave)
          resolve(this.#take(asked.weight))
        },
      }
      this.#waiting.add(asked)
      signal?.addEventListener('abort', leave, { once: true })
      this.#admit()
    })
  }

  /** What some work gives, for which a place is held as long as it is under way. */
  async run<T>(work: () => T | Promise<T>): Promise<T> {
    const release = await this.acquire()
    try {
      return await work()
    } finally {
      release()
    }
  }

  /** What the work gives for each item, in their order; so many are under way at once as there are places. */
  map<Item, T>(items: Iterable<Item>, work: (item: Item) => T | Promise<T>): Promise<T[]> {
    return Promise.all(Array.from(items, (item) => this.run(() => work(item))))
  }

  /** Lets in whoever is next, as long as there is place: a heavy one is not passed by. */
  #admit(): void {
    for (const asked of this.#waiting) {
      if (this.#taken + asked.weight > this.#places) return
      this.#waiting.delete(asked)
      asked.enter()
    }
  }

  #take(weight: number): () => void {
    this.#taken += weight
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#taken -= weight
      this.#admit()
    }
  }
}
