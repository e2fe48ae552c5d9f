import type { Runtime } from '../runtime.ts'

/** What a promise comes to, or `late` when that is not there after so many milliseconds. The promise must not reject. */
export function within<T>(
  runtime: Pick<Runtime, 'after'>,
  milliseconds: number,
  promise: Promise<T>,
  late: T,
): Promise<T> {
  return new Promise((resolve) => {
    const cancel = runtime.after(milliseconds, () => resolve(late))
    promise.then((value) => {
      cancel()
      resolve(value)
    })
  })
}
