import type { Runtime } from '../runtime.ts'

/** Notices whether one party has been the only one to come for some time. */
export class SoleParty {
  readonly #runtime: Pick<Runtime, 'now'>
  readonly #milliseconds: number
  #last: number
  /** When another came than the one before. */
  #since = Number.NEGATIVE_INFINITY

  /** `first` has been alone so far. */
  constructor(milliseconds: number, first: number, runtime: Pick<Runtime, 'now'>) {
    this.#milliseconds = milliseconds
    this.#last = first
    this.#runtime = runtime
  }

  /** Takes note of who has come; whether nobody else has for so many milliseconds. */
  note(party: number): boolean {
    const now = this.#runtime.now()
    if (party !== this.#last) {
      this.#last = party
      this.#since = now
    }
    return now - this.#since >= this.#milliseconds
  }
}
