import type { KeyHash } from './key-hash.ts'
import { NEVER, QUIET, WINDOW } from './times.ts'

/** Manifests handed to an address, and repositories of one; a later one takes the place of an earlier one. */
const MANIFESTS = 16_384
const REPOSITORIES = 8192

/** Cells of either table: half of the key, and a time. */
const KEY = 0
const TIME = 1
const STRIDE = 2

/**
 * When each address began to pull from a repository, as far as its manifests tell.
 *
 * containerd keeps the wrong bytes that a store sent until its garbage collection, on a busy node for half a minute and
 * more. A pull that finds them asks for the manifest alone and fails by itself: blobs do not tell how many have failed.
 */
export class PullStarts {
  /** When a pull began with this manifest last. */
  readonly #begun = new Int32Array(MANIFESTS * STRIDE).fill(NEVER)
  /** When the latest pull from this repository began that was followed by another one with the same manifest. */
  readonly #followed = new Int32Array(REPOSITORIES * STRIDE).fill(NEVER)
  /** Where the repository stands that was turned to last. */
  #at = 0

  /** Turns to a repository, which the key holds with the address. */
  turnTo({ low, high }: KeyHash): void {
    const followed = this.#followed
    this.#at = (high & (REPOSITORIES - 1)) * STRIDE
    if (followed[this.#at + KEY] === low) return
    followed[this.#at + KEY] = low
    followed[this.#at + TIME] = NEVER
  }

  /** Takes note of a manifest of that repository, which the key holds with both. */
  note({ low, high }: KeyHash, now: number): void {
    const begun = this.#begun
    const at = (high & (MANIFESTS - 1)) * STRIDE
    const last = begun[at + KEY] === low ? begun[at + TIME]! : NEVER
    // What comes sooner is of the same pull, as HEAD and GET are.
    if (now - last < QUIET) return
    begun[at + KEY] = low
    begun[at + TIME] = now
    // What a tag names is held, and not asked for by every pull.
    if (now - last <= WINDOW) this.#followed[this.#at + TIME] = Math.max(this.followedAt, last)
  }

  /** When the latest pull from that repository began that another one followed; long ago when none is known. */
  get followedAt(): number {
    return this.#followed[this.#at + TIME]!
  }
}
