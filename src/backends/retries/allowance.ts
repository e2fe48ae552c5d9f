import type { Slot } from './slot.ts'
import { NEVER, WINDOW } from './times.ts'

/** How many requests of one client may be sent elsewhere within a window: it pulls some ten images. */
const ALONE = 256
/**
 * How many of an address that many share, and what part of its requests if that is more: three nodes' pulls, and of
 * two hundred nodes' a fiftieth. Half of it after every second pause.
 */
const SHARED = 16
const SHARED_PART = 0.02
/** Pauses double so often at most: from 12 minutes to some 13 hours. */
const MAX_PAUSES = 6

/** Cells of a slot: since when it counts, what it counted, and the pauses. */
const SINCE = 0
const REQUESTS = 1
const MOVED = 2
const PAUSES = 3
const PAUSED_UNTIL = 4
/** What the slot of {@link Allowance} begins with. */
export const NEW_ALLOWANCE: readonly number[] = [NEVER, 0, 0, 0, NEVER]

/** How much of one address's requests for one store may be sent elsewhere, and the pauses when that has not helped. */
export class Allowance {
  readonly #slot: Slot
  readonly #offset: number

  /** Its cells begin `offset` behind the slot's beginning. */
  constructor(slot: Slot, offset: number) {
    this.#slot = slot
    this.#offset = offset
  }

  /** Takes note of a request; what a shared address spent comes back with a pause, and not with time. */
  note(now: number, isShared: boolean): void {
    const { cells } = this.#slot
    const at = this.#at
    if (!isShared && now - cells[at + SINCE]! > WINDOW) renew(cells, at, now)
    cells[at + REQUESTS]!++
  }

  /** Whether the address was seen to gain nothing by being sent elsewhere. */
  get isHabitual(): boolean {
    return this.#slot.cells[this.#at + PAUSES]! > 0
  }

  /** Whether one more may be sent elsewhere; when not, none may for a while, and longer each time. */
  mayMove(now: number, isShared: boolean): boolean {
    const { cells } = this.#slot
    const at = this.#at
    if (now < cells[at + PAUSED_UNTIL]!) return false
    const pauses = cells[at + PAUSES]!
    if (cells[at + MOVED]! < limitOf(cells[at + REQUESTS]!, pauses, isShared)) return true
    cells[at + PAUSED_UNTIL] = now + WINDOW * 2 ** pauses
    cells[at + PAUSES] = Math.min(pauses + 1, MAX_PAUSES)
    renew(cells, at, now)
    return false
  }

  spend(): void {
    this.#slot.cells[this.#at + MOVED]!++
  }

  get #at(): number {
    return this.#slot.at + this.#offset
  }
}

function renew(cells: Int32Array, at: number, now: number): void {
  cells[at + SINCE] = now
  cells[at + REQUESTS] = 0
  cells[at + MOVED] = 0
}

function limitOf(requests: number, pauses: number, isShared: boolean): number {
  return isShared ? Math.max(SHARED >> (pauses >> 1), SHARED_PART * requests) : ALONE
}
