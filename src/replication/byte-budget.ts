import { Semaphore } from '../internal/semaphore.ts'

/** Bounds what is on its way: waits, in the order of coming, until so many bytes fit; gives what frees them again. */
export type ByteBudget = (bytes: number) => Promise<() => void>

/** So many bytes, and never more than so many things; one thing alone is always let in, however large. */
export function createByteBudget(limit: { readonly things: number; readonly bytes: number }): ByteBudget {
  const semaphore = new Semaphore(limit.bytes)
  // What is smaller than its share counts as its share, which bounds the number.
  const share = limit.bytes / limit.things
  return (bytes) => semaphore.acquire(undefined, Math.max(bytes, share))
}
