/** What must go on, or be ended. */
export interface Watched {
  /** Differs from before when something has happened. */
  readonly progress: number
  /** How long nothing may happen as things are, in milliseconds. */
  timeLimit(): number
  /** Called when that is over. */
  expire(): void
}

interface Seen {
  progress: number
  /** How many looks ago. */
  age: number
}

/**
 * Looks at everything now and then: a timer for each connection would be set back at every read and write, a tenth of
 * what a redirect costs. So a time limit is kept to within one look.
 */
export class Deadlines {
  readonly #watched = new Map<Watched, Seen>()
  readonly #timer: NodeJS.Timeout
  readonly #interval: number

  constructor(interval: number) {
    this.#interval = interval
    this.#timer = setInterval(() => this.#look(), interval)
    this.#timer.unref()
  }

  add(watched: Watched): void {
    this.#watched.set(watched, { progress: watched.progress, age: 0 })
  }

  delete(watched: Watched): void {
    this.#watched.delete(watched)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    for (const [watched, seen] of this.#watched) {
      if (watched.progress !== seen.progress) {
        seen.progress = watched.progress
        seen.age = 0
      } else if (++seen.age * this.#interval >= watched.timeLimit()) {
        watched.expire()
      }
    }
  }
}
