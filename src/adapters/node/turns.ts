import type { Overload } from './overload.ts'

/** A request takes some ten microseconds. */
const AT_ONCE = 32
/** Beyond this, what has had its turn is cut off the queue once it is the half of it. */
const CUT = 1024

/** What waits for its turn. */
export interface Turn {
  takeTurn(): void
}

export interface TurnsOptions {
  /** Told how long turns were waited for. */
  readonly overload?: Overload | undefined
  /** How many are taken before whoever is new is looked at; 32 unless it is said. */
  readonly atOnce?: number
}

/**
 * Hands out turns in the order of the asking, a few in each turn of the event loop. A client that sends many requests at
 * once has one of them answered for each that others have; and as Node accepts one connection in each turn of the loop
 * (libuv, `uv__server_io`), whoever is new would wait for everybody's next request without this.
 */
export class Turns {
  readonly #before: () => void
  readonly #overload: Overload | undefined
  readonly #atOnce: number
  #waiting: Turn[] = []
  /** Since when, by `performance.now()`. */
  #since: number[] = []
  #head = 0
  /** How many were taken in this turn of the event loop. */
  #taken = 0

  /** `before` is called ahead of every few turns. */
  constructor(before: () => void, { overload, atOnce = AT_ONCE }: TurnsOptions = {}) {
    this.#before = before
    this.#overload = overload
    this.#atOnce = atOnce
  }

  /** Whether whoever has something to do may do it at once; else it must be added. */
  mayGo(): boolean {
    return this.#waiting.length === 0 && this.#taken++ < this.#atOnce
  }

  add(turn: Turn): void {
    this.#since.push(performance.now())
    if (this.#waiting.push(turn) === 1) setImmediate(this.#run)
  }

  /** For whoever knows that this turn of the event loop is over. */
  readonly begin = (): void => {
    this.#taken = 0
  }

  readonly #run = (): void => {
    this.#before()
    const now = performance.now()
    this.#overload?.note(now, now - this.#since[this.#head]!)
    const end = Math.min(this.#head + this.#atOnce, this.#waiting.length)
    const turns = this.#waiting.slice(this.#head, end)
    this.#head = end
    if (end === this.#waiting.length) {
      this.#waiting = []
      this.#since = []
      this.#head = 0
    } else {
      if (end >= CUT && end * 2 >= this.#waiting.length) this.#cut()
      setImmediate(this.#run)
    }
    this.#taken = turns.length
    for (const turn of turns) turn.takeTurn()
  }

  #cut(): void {
    this.#waiting = this.#waiting.slice(this.#head)
    this.#since = this.#since.slice(this.#head)
    this.#head = 0
  }
}
