import type { Address } from '../../net/address.ts'
import { DIGEST_TAIL } from './attempt.ts'

/**
 * Hashes what a record is found by, in two lanes of 32 bits.
 *
 * One object that is written anew for each key, because this runs for every request and must not allocate. The seeds
 * come from chance, so that nobody can choose content that is taken for somebody else's.
 */
export class KeyHash {
  readonly #seedLow: number
  readonly #seedHigh: number
  low = 0
  high = 0

  /** `random` gives from 0 up to 1. */
  constructor(random: () => number) {
    this.#seedLow = (random() * 0x1_0000_0000) | 0
    this.#seedHigh = (random() * 0x1_0000_0000) | 0
  }

  /** Begins with an address: IPv4 whole, of IPv6 the /64, within which a machine changes its address at will. */
  address(address: Address): void {
    this.low = this.#seedLow ^ address.family
    this.high = this.#seedHigh
    this.word(address.word0)
    this.word(address.word1)
  }

  /** Adds the end of a digest, or of another text that is as random there. */
  digest(text: string): void {
    this.#from(text, Math.max(0, text.length - DIGEST_TAIL))
  }

  /** Adds a text, all of it: images of one build differ in the names before their tag alone. */
  text(text: string): void {
    this.#from(text, 0)
  }

  #from(text: string, start: number): void {
    const { length } = text
    let word = length - start
    for (let at = start; at < length; at++) {
      word = (word << 8) | (word >>> 24)
      word ^= text.charCodeAt(at)
      if (((length - at) & 3) === 1) this.word(word)
    }
  }

  /** Adds 32 bits. */
  word(word: number): void {
    const low = Math.imul(this.low ^ word, 0x85ebca6b)
    const high = Math.imul(this.high ^ word ^ (low >>> 16), 0xc2b2ae35)
    this.low = low ^ (low >>> 15)
    this.high = high ^ (high >>> 13)
  }
}
