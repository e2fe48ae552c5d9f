/** How many bits of a digest the index goes by, at most: 65,536 slots. */
const MAX_INDEX_BITS = 16

/** Digests of one algorithm, ascending: each is so many numbers of 32 bits, and a number is eight of its digits. */
export class DigestList {
  readonly length: number
  readonly #words: Uint32Array
  readonly #width: number
  /** Where the digests of each beginning start. */
  readonly #starts: Uint32Array
  readonly #shift: number

  /** `words` holds them one after the other, `width` each, and must not change any more. */
  constructor(words: Uint32Array, width: number) {
    this.#words = words
    this.#width = width
    this.length = words.length / width
    const bits = Math.min(MAX_INDEX_BITS, Math.max(1, Math.floor(Math.log2(this.length + 1)) - 1))
    this.#shift = 32 - bits
    this.#starts = new Uint32Array(2 ** bits + 1)
    let at = 0
    for (let slot = 0; slot < this.#starts.length; slot++) {
      while (at < this.length && words[at * width]! >>> this.#shift < slot) at++
      this.#starts[slot] = at
    }
  }

  /** Where a digest stands first; -1 where it stands nowhere. */
  find(digest: Uint32Array): number {
    const slot = digest[0]! >>> this.#shift
    const end = this.#starts[slot + 1]!
    let low = this.#starts[slot]!
    // Halving, since whoever chose the digests may have chosen them all alike.
    for (let high = end; low < high; ) {
      const middle = (low + high) >>> 1
      if (this.#order(middle, digest, 0) < 0) low = middle + 1
      else high = middle
    }
    return low < end && this.#order(low, digest, 0) === 0 ? low : -1
  }

  /** How the digest at a place stands to the one after it: below 0, 0, above 0. */
  orderToNext(place: number): number {
    return this.#order(place, this.#words, (place + 1) * this.#width)
  }

  /** Lower-case hexadecimal digits. */
  digits(place: number): string {
    const words = this.#words.subarray(place * this.#width, (place + 1) * this.#width)
    return Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('')
  }

  #order(place: number, others: Uint32Array, start: number): number {
    const row = place * this.#width
    for (let word = 0; word < this.#width; word++) {
      const difference = this.#words[row + word]! - others[start + word]!
      if (difference !== 0) return difference
    }
    return 0
  }
}
