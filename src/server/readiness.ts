import type { LiveBackend } from '../backends/live-backend.ts'

/** Whether clients should be sent to this door. */
export interface Readiness {
  readonly isReady: boolean
  /** Why it is not. */
  readonly why?: string
  /** What is wrong although it is. */
  readonly problem?: string
}

export interface ReadinessParts {
  /** Where the door takes requests; `undefined` before every backend was tried, and once it drains. */
  readonly listening: () => string | undefined
  readonly backends: () => readonly Pick<LiveBackend, 'isUsable'>[]
  /** Whether it has something to give without any of them: a mirror with a cache. */
  readonly keeps: () => boolean
}

/**
 * A door that has never reached anything is not ready: most likely its config or its network is wrong, and whoever rolls
 * it out should stop there. One that has been ready stays so when every backend is down: all its replicas see the same,
 * and an error of the canonical upstream is better than nobody at the door. A mirror with a cache is there for when
 * nothing can be reached.
 */
export class DoorReadiness {
  readonly #parts: ReadinessParts
  #wasUsable = false

  constructor(parts: ReadinessParts) {
    this.#parts = parts
  }

  /** Looks whether a backend can be used; to be called whenever that may have changed. */
  look(): boolean {
    const isUsable = this.#parts.backends().some((backend) => backend.isUsable)
    this.#wasUsable ||= isUsable
    return isUsable
  }

  get status(): Readiness {
    const isUsable = this.look()
    if (this.#parts.listening() === undefined) return { isReady: false }
    if (!this.#wasUsable && !this.#parts.keeps()) return { isReady: false, why: 'no backend can be used yet' }
    return isUsable ? { isReady: true } : { isReady: true, problem: 'every backend is down' }
  }
}
