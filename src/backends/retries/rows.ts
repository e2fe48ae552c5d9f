import type { KeyHash } from './key-hash.ts'
import { NEVER, QUICK, QUIET, SECOND, SOON, TWIN, WINDOW } from './times.ts'

/** Rows that a key may lie in: of 16 bytes each, they fill one line of a processor's cache. */
const WAYS = 4
const STRIDE = 4
/** Half of the key; the other half says where to look. */
const KEY = 0
/** The last request. */
const LAST = 1
/** The first request of the last try, to four milliseconds; the lowest bits say more of that try. */
const TRY = 2
/** Bits of {@link TRY}: it was sent elsewhere; it has had a second request. */
const MOVED = 1
const HAS_SECOND = 2
const TIME = ~(MOVED | HAS_SECOND)
/** The first request of the try before. */
const EARLIER_TRY = 3
/** A row with one try yields to others after this, in milliseconds: most are never asked for again. */
const YOUNG = 2 * 60_000

/**
 * Who asked which store for what, and when: one row for each client, store, digest and first byte.
 *
 * A fixed table that overwrites itself: nothing that clients do grows it. A resumed download asks for another first
 * byte each time, so it has a new row as long as it makes progress. The fields tell of the row visited last.
 */
export class Rows {
  readonly #rows: Int32Array
  readonly #mask: number
  #at = 0
  #isNew = false
  /** Whether this request begins another try for the same content. */
  isTry = false
  /** Whether an earlier try is known for the same content, be this request the first of its own or not. */
  isAgain = false
  /** Whether it is the third within the window, or a later one. */
  isThird = false
  /** Whether the try before was sent elsewhere, and it came back nevertheless. */
  isInVain = false
  /** Whether it is one more of a try than one client would ask: not its twin, and not docker's second look. */
  isRepeat = false
  /** Whether the same was asked for a few seconds ago at the most. */
  isSoon = false
  /** When the try before began. */
  from = NEVER
  /** When the same was asked for last, before this request. */
  before = NEVER

  /** Holds so many rows; a power of two. */
  constructor(capacity: number) {
    this.#rows = new Int32Array(capacity * STRIDE).fill(NEVER)
    this.#mask = capacity / WAYS - 1
  }

  /** Takes note of a request; what comes after the last one and `quickSince` is another try even when it comes soon. */
  visit(key: KeyHash, now: number, quickSince: number): void {
    const at = this.#find(key, now)
    const rows = this.#rows
    const last = rows[at + LAST]!
    const begun = rows[at + TRY]!
    const earlier = rows[at + EARLIER_TRY]!
    const gap = now - last
    this.#at = at
    this.isSoon = !this.#isNew && gap <= SOON
    this.isTry = gap >= QUIET || (gap >= QUICK && quickSince > last)
    this.isAgain = this.isTry || earlier !== NEVER
    const isSecond = (begun & HAS_SECOND) === 0 && gap <= SECOND
    this.isRepeat = gap > TWIN && !this.isTry && !isSecond
    this.isThird = this.isTry && now - earlier <= WINDOW
    this.isInVain = this.isTry && (begun & MOVED) !== 0
    this.from = begun & TIME
    this.before = last
    rows[at + LAST] = now
    if (this.isTry) {
      rows[at + EARLIER_TRY] = begun & TIME
      rows[at + TRY] = now & TIME
    } else if (gap > TWIN) rows[at + TRY] = begun | HAS_SECOND
  }

  /** Whether the row's last try was sent elsewhere. */
  get isMoved(): boolean {
    return (this.#rows[this.#at + TRY]! & MOVED) !== 0
  }

  /** Says that it was. */
  markMoved(): void {
    this.#rows[this.#at + TRY]! |= MOVED
  }

  /** Where the key's row begins; a new one takes the place of the one in its bucket that is worth least. */
  #find({ low, high }: KeyHash, now: number): number {
    const rows = this.#rows
    const first = (high & this.#mask) * WAYS * STRIDE
    let least = first
    let leastWorth = this.#worth(first)
    for (let at = first; at < first + WAYS * STRIDE; at += STRIDE) {
      if (rows[at + KEY] === low && now - rows[at + LAST]! <= WINDOW) {
        this.#isNew = false
        return at
      }
      const worth = this.#worth(at)
      if (worth >= leastWorth) continue
      least = at
      leastWorth = worth
    }
    this.#isNew = true
    rows[least + KEY] = low
    rows[least + LAST] = now
    rows[least + TRY] = now & TIME
    rows[least + EARLIER_TRY] = NEVER
    return least
  }

  /** Until when a row is worth more than a new one. */
  #worth(at: number): number {
    return this.#rows[at + LAST]! + (this.#rows[at + EARLIER_TRY] === NEVER ? YOUNG : WINDOW)
  }
}
