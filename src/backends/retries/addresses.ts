import type { KeyHash } from './key-hash.ts'
import { FORGET, NEVER, QUICK, WINDOW } from './times.ts'

/** Addresses remembered, and manifests handed to one of them; a later one takes the place of an earlier one. */
const ADDRESSES = 8192
const MANIFESTS = 16_384

/** Numbers kept for an address: half of its key, and times. */
const STRIDE = 6
const KEY = 0
/** When a manifest was handed out last. */
const MANIFEST = 1
/** When one was handed out again, and when that one had been handed out before. */
const AGAIN = 2
const BEFORE = 3
/** When a blob was asked for last. */
const BLOB = 4
/** How many pulls the manifest that was handed out last has begun, this one included. */
const PULLS = 5

/** When each address was handed manifests: a manifest handed out again soon after blobs is a pull that began again. */
export class Addresses {
  readonly #addresses = new Int32Array(ADDRESSES * STRIDE).fill(NEVER)
  readonly #manifests = new Int32Array(MANIFESTS)
  readonly #manifestPulls = new Uint8Array(MANIFESTS)
  readonly #manifestTimes = new Int32Array(MANIFESTS).fill(NEVER)
  /** Where the address stands that was turned to last. */
  #at = 0

  /** Turns to an address, which the key holds and nothing else. */
  turnTo({ low, high }: KeyHash): void {
    const addresses = this.#addresses
    const at = (high & (ADDRESSES - 1)) * STRIDE
    this.#at = at
    if (addresses[at + KEY] === low) return
    addresses.fill(NEVER, at, at + STRIDE)
    addresses[at + KEY] = low
  }

  /** Takes note of a manifest for the address; the key holds both. */
  noteManifest({ low, high }: KeyHash, now: number): void {
    const at = this.#at
    this.#addresses[at + MANIFEST] = now
    const slot = high & (MANIFESTS - 1)
    const before = this.#manifests[slot] === low ? this.#manifestTimes[slot]! : now - FORGET
    const gap = now - before
    // HEAD and GET of one manifest are one.
    if (gap < QUICK) return
    this.#manifests[slot] = low
    this.#manifestTimes[slot] = now
    const isAgain = gap <= WINDOW && this.#addresses[at + BLOB]! >= before
    this.#manifestPulls[slot] = isAgain ? Math.min(this.#manifestPulls[slot]! + 1, 255) : 1
    this.#addresses[at + PULLS] = this.#manifestPulls[slot]!
    // Who looks once more at what it has pulled, and goes on with another image, is content.
    this.#addresses[at + AGAIN] = isAgain ? now : NEVER
    if (!isAgain) return
    this.#addresses[at + BEFORE] = before
  }

  noteBlob(now: number): void {
    this.#addresses[this.#at + BLOB] = now
  }

  /** How many pulls, each with blobs, the manifest that was handed out last has begun within the window. */
  get manifestPulls(): number {
    return this.#addresses[this.#at + PULLS]!
  }

  /** When the address was handed a manifest last. */
  get manifestAt(): number {
    return this.#addresses[this.#at + MANIFEST]!
  }

  /** When it was handed one again that it had been handed before, with blobs in between, and no new one since. */
  get manifestAgainAt(): number {
    return this.#addresses[this.#at + AGAIN]!
  }

  /** When it had been handed that one before. */
  get manifestBefore(): number {
    return this.#addresses[this.#at + BEFORE]!
  }
}
