/** So many places, given out in the order in which they were asked for. */
export class Semaphore {
  readonly #places: number
  #taken = 0
  readonly #waiting = new Set<() => void>()

  constructor(places: number) {
    this.#places = places
  }

  /** Whether nobody holds a place. */
  get idle(): boolean {
    return this.#taken === 0
  }

  /**
   * Waits for a place, and gives the function that frees it; a second call of that does nothing. Rejects with the
   * signal's reason when that aborts first.
   */
  acquire(signal?: AbortSignal | null): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const enter = () => {
        signal?.removeEventListener('abort', leave)
        resolve(this.#take())
      }
      const leave = () => {
        this.#waiting.delete(enter)
        reject(signal?.reason)
      }
      if (this.#taken < this.#places) {
        enter()
        return
      }
      this.#waiting.add(enter)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }

  #take(): () => void {
    this.#taken++
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#taken--
      const [next] = this.#waiting
      if (next === undefined) return
      this.#waiting.delete(next)
      next()
    }
  }
}
