/**
 * A bounded map that forgets what was not used lately.
 *
 * Two generations: what is read or written moves to the young one, and when that is full the old one is dropped whole.
 * A hit in the young generation costs one `Map.get` and moves nothing, which an exact LRU cannot say.
 */
export class GenerationalCache<Key, Value> {
  #generationSize = 1
  #young = new Map<Key, Value>()
  #old = new Map<Key, Value>()

  /** Holds at most `maxEntries`, and at least the latest half of them. */
  constructor(maxEntries: number) {
    this.resize(maxEntries)
  }

  /** Sets another bound; what is beyond it goes with the next generations. */
  resize(maxEntries: number): void {
    this.#generationSize = Math.max(1, Math.floor(maxEntries / 2))
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(key: Key): Value | undefined {
    const value = this.#young.get(key)
    if (value !== undefined) return value
    const aged = this.#old.get(key)
    if (aged !== undefined) {
      this.#old.delete(key)
      this.#insert(key, aged)
    }
    return aged
  }

  set(key: Key, value: Value): void {
    this.#old.delete(key)
    this.#insert(key, value)
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
  }

  delete(key: Key): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }

  #insert(key: Key, value: Value): void {
    if (this.#young.size >= this.#generationSize && !this.#young.has(key)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }
}
