/** A part by the size that most have, in bytes. */
export const PART_SIZE: number = 8 * 1024 * 1024

/** What is smaller than this is new each time. */
const LEAST_BYTES = 1024 * 1024
/** As many uploads as there may be at once have their part. */
const KEPT = 8

const free: Uint8Array[] = []

/**
 * Memory for the parts of one upload, of so many bytes or more: that of an upload before, where there is one. V8 collects
 * what is new too late, and several parts of each that has ended would lie in memory.
 */
export function takePartMemory(bytes: number): Uint8Array {
  if (bytes < LEAST_BYTES || bytes > PART_SIZE) return new Uint8Array(bytes)
  // What of it is never written takes no memory.
  return free.pop() ?? new Uint8Array(PART_SIZE)
}

/** For memory that was taken here, and that nobody reads any more, nor may be about to. */
export function givePartMemory(memory: Uint8Array): void {
  if (memory.length === PART_SIZE && free.length < KEPT) free.push(memory)
}
