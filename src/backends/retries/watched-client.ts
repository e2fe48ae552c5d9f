import { Bursts, NEW_BURSTS } from './bursts.ts'
import { MoveAllowance, NEW_MOVE_ALLOWANCE } from './move-allowance.ts'
import type { Slot } from './slot.ts'
import { NEVER, QUICK, QUIET, WINDOW } from './times.ts'

/** So many signs, and an address is taken for many machines behind one. */
const SHARED_SIGNS = 2

/** Cells of a slot; those of its bursts and of its allowance follow. */
const LAST = 0
const SLICE = 1
const SLICE_AGAIN = 2
const SIGNS = 3
/** A pull that came back, by when the one before it began; none yet in this pull. */
const CAME_FROM = 4
const WIDE_UNTIL = 5
/** Whether this pull was sent elsewhere in vain; 0 or 1. */
const IS_IN_VAIN = 6
const OWN = 7

/** What the slot of a client begins with. */
export const NEW_CLIENT = Int32Array.from([
  NEVER,
  -1,
  -1,
  0,
  NEVER,
  NEVER,
  0,
  ...NEW_BURSTS,
  ...NEW_MOVE_ALLOWANCE,
])

/** What is known of one address at one store: of the one whose slot is turned to. */
export class WatchedClient {
  readonly bursts: Bursts
  readonly allowance: MoveAllowance
  readonly #slot: Slot

  constructor(slot: Slot) {
    this.#slot = slot
    this.bursts = new Bursts(slot, OWN)
    this.allowance = new MoveAllowance(slot, OWN + NEW_BURSTS.length)
  }

  /** When it asked last. */
  get lastAt(): number {
    return this.#get(LAST)
  }

  /** The store's slice of time in which it was counted. */
  get slice(): number {
    return this.#get(SLICE)
  }
  set slice(slice: number) {
    this.#set(SLICE, slice)
  }

  /** The one in which it was counted as one that came back. */
  get sliceAgain(): number {
    return this.#get(SLICE_AGAIN)
  }
  set sliceAgain(slice: number) {
    this.#set(SLICE_AGAIN, slice)
  }

  /** Whether many seem to share the address: one asks for nothing twice at a time, and is helped by another store. */
  get isShared(): boolean {
    return this.#get(SIGNS) >= SHARED_SIGNS
  }

  /** Takes note of a request; `manifestAt` is when the address was handed a manifest last. */
  arrive(now: number, manifestAt: number): void {
    const last = this.lastAt
    const { isShared } = this
    const gap = now - last
    const isQuick = !isShared && gap >= QUICK && manifestAt > last
    if (gap >= QUIET || isQuick) this.#beginPull(now)
    this.bursts.note(now)
    this.allowance.note(now, isShared)
    this.#set(LAST, now)
  }

  /** This pull is a second one for what was asked for at `from`: whatever the next one asks for must move. */
  cameBack(from: number): void {
    if (from > this.#get(CAME_FROM)) this.#set(CAME_FROM, from)
  }

  /** This pull is a third one: all that this address asks of the store moves from now on. */
  widen(): void {
    this.#set(WIDE_UNTIL, this.lastAt + WINDOW)
  }

  /** Whether two pulls in a row came to nothing, so that all this address asks of the store moves. */
  isWide(now: number): boolean {
    return now < this.#get(WIDE_UNTIL)
  }

  /** It asked for the same again before one machine could know that it failed. */
  noteRepeat(): void {
    this.#set(SIGNS, this.#get(SIGNS) + 1)
  }

  /** It was sent elsewhere and came back nevertheless; counts once a pull. */
  noteInVain(): void {
    if (this.#get(IS_IN_VAIN) === 0) this.noteRepeat()
    this.#set(IS_IN_VAIN, 1)
  }

  #beginPull(now: number): void {
    if (now - this.#get(CAME_FROM) <= WINDOW) this.#set(WIDE_UNTIL, now + WINDOW)
    this.#set(CAME_FROM, NEVER)
    this.#set(IS_IN_VAIN, 0)
  }

  #get(cell: number): number {
    return this.#slot.cells[this.#slot.at + cell]!
  }

  #set(cell: number, value: number): void {
    this.#slot.cells[this.#slot.at + cell] = value
  }
}
