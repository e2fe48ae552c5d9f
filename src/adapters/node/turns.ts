/** A request takes some ten microseconds. */
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
  readonly #atOnce: number

  /** `before` is called ahead of every few turns, and `atOnce` are taken before whoever is new is looked at. */
  constructor(before: () => void, atOnce = AT_ONCE) {
    this.#before = before
    this.#atOnce = atOnce
  }

  add(turn: Turn): void {
    if (this.#waiting.push(turn) === 1) setImmediate(this.#run)
  }

  readonly #run = (): void => {
    this.#before()
    const now = this.#waiting
    this.#waiting = now.length > this.#atOnce ? now.splice(this.#atOnce) : []
    if (this.#waiting.length > 0) setImmediate(this.#run)
    for (const turn of now) turn.takeTurn()
  }
}
