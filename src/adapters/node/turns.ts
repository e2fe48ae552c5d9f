/** How many turns are taken before whoever is new is looked at; a request takes some ten microseconds. */
const AT_ONCE = 32

/** What waits for its turn. */
export interface Turn {
  takeTurn(): void
}

/**
 * Hands out turns in the order of the asking, a few in each turn of the event loop: a client that sends many requests at
 * once has one of them answered for each that others have.
 */
export class Turns {
  #waiting: Turn[] = []
  readonly #before: () => void

  /** `before` is called ahead of every few turns. */
  constructor(before: () => void) {
    this.#before = before
  }

  add(turn: Turn): void {
    if (this.#waiting.push(turn) === 1) setImmediate(this.#run)
  }

  readonly #run = (): void => {
    this.#before()
    const now = this.#waiting
    this.#waiting = now.length > AT_ONCE ? now.splice(AT_ONCE) : []
    if (this.#waiting.length > 0) setImmediate(this.#run)
    for (const turn of now) turn.takeTurn()
  }
}
