/** So many requests are remembered by their ids, in 64 MiB. */
export const REMEMBERED_MAX = 2 ** 22

const SMALLEST = 2 ** 12

/**
 * Tells lines that were shipped twice: a set of hashes that grows up to a bound. Beyond that it still knows those it has
 * seen, but takes no more.
 */
export class Duplicates {
  /** Open addressing; 0 stands for nothing. At most half of it is used. */
  #slots = new Float64Array(2 * SMALLEST)
  #count = 0
  readonly #max: number

  constructor(max = REMEMBERED_MAX) {
    this.#max = max
  }

  /** Whether there were more than can be remembered. */
  get isFull(): boolean {
    return this.#count >= this.#max
  }

  /** True for a hash that was given before. */
  has(hash: number): boolean {
    // One text in 2^52 has the hash that stands for nothing: it is taken for its neighbour.
    const wanted = hash === 0 ? 1 : hash
    let at = this.#find(wanted)
    if (this.#slots[at] === wanted) return true
    if (this.isFull) return false
    if (2 * (this.#count + 1) > this.#slots.length) {
      this.#grow()
      at = this.#find(wanted)
    }
    this.#slots[at] = wanted
    this.#count++
    return false
  }

  /** Where it is, or where it would be put. */
  #find(hash: number): number {
    const mask = this.#slots.length - 1
    let at = (hash % 2 ** 31) & mask
    while (this.#slots[at] !== 0 && this.#slots[at] !== hash) at = (at + 1) & mask
    return at
  }

  #grow(): void {
    const before = this.#slots
    this.#slots = new Float64Array(2 * before.length)
    for (const hash of before) if (hash !== 0) this.#slots[this.#find(hash)] = hash
  }
}
