import type { Cancel, Runtime } from '../runtime.ts'

/** Who waits for each promise. */
const waiting = new WeakMap<Promise<unknown>, Set<(value: unknown) => void>>()

/**
 * What a promise comes to, or `late` when that is not there after so many milliseconds. The promise must not reject.
 *
 * It keeps nobody who has given up: many may wait for one that takes long, and workerd complains of each request that is
 * told something after it was answered. Whoever begins the work should be the first to wait for it, since workerd tells
 * all of them by way of the first.
 */
export function within<T>(
  runtime: Pick<Runtime, 'after'>,
  milliseconds: number,
  promise: Promise<T>,
  late: T,
): Promise<T> {
  return new Promise((resolve) => {
    const cancel = runtime.after(milliseconds, () => {
      leave()
      resolve(late)
    })
    const leave = join(promise, (value) => {
      cancel()
      resolve(value as T)
    })
  })
}

function join(promise: Promise<unknown>, tell: (value: unknown) => void): Cancel {
  let waiters = waiting.get(promise)
  if (waiters === undefined) {
    const begun = new Set<(value: unknown) => void>()
    waiters = begun
    waiting.set(promise, begun)
    promise.then((value) => {
      waiting.delete(promise)
      for (const tellOne of begun) tellOne(value)
    })
  }
  waiters.add(tell)
  return () => waiters.delete(tell)
}
