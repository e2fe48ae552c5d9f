/**
 * One slot of a table of 32-bit integers, turned to another by setting `at`. What is kept of thousands of clients is no
 * garbage that way, and no collector has to walk it.
 */
export interface Slot {
  readonly cells: Int32Array
  /** Where the slot begins. */
  at: number
}

/** A slot of its own that begins with these values. */
export function slotOf(values: ArrayLike<number>): Slot {
  return { cells: Int32Array.from(values), at: 0 }
}
