import { GenerationalCache } from '../internal/generational-cache.ts'
import type { Runtime } from '../runtime.ts'
import type { Asked } from './ask-in-turn.ts'
import { Flights } from './flights.ts'

/** What upstreams have said lately that there is none of; some 150 bytes each. */
const ABSENT_MAX = 50_000

/** Looks for what a digest names at upstreams: once for all who want to know, and not again soon when there is none. */
export class Lookups<T> {
  readonly #runtime: Pick<Runtime, 'now'>
  readonly #negative: () => number
  readonly #flights: Flights<T>
  /** Until when, in the runtime's time. */
  readonly #absent = new GenerationalCache<string, number>(ABSENT_MAX)

  /** `negative` says how long "there is none" counts, in milliseconds. */
  constructor(runtime: Pick<Runtime, 'now' | 'background'>, negative: () => number) {
    this.#runtime = runtime
    this.#negative = negative
    this.#flights = new Flights(runtime)
  }

  /** `ask` must not reject. */
  get(key: string, ask: () => Promise<Asked<T>>): Promise<Asked<T>> {
    if ((this.#absent.get(key) ?? 0) > this.#runtime.now()) return Promise.resolve({ kind: 'absent' })
    return this.#flights.join(key, async () => {
      const asked = await ask()
      if (asked.kind === 'absent') this.#absent.set(key, this.#runtime.now() + this.#negative())
      return asked
    }).done
  }
}
