import { PortolanError } from '../errors.ts'
import type { Runtime } from '../runtime.ts'
import type { Asked } from './ask-in-turn.ts'

/**
 * So many questions to upstreams may wait for an answer. Each client has one at a time, and may be gone before it is
 * answered: those who ask and hang up must not fill our memory.
 */
const FLIGHTS_MAX = 4096
/** For how long a client that is one too many should wait, in seconds. */
const RETRY_AFTER = '5'

/** A question that is on its way. */
export interface Flight<T> {
  /** When it began, in the runtime's time. */
  readonly began: number
  /** Never rejects. */
  readonly done: Promise<Asked<T>>
}

/** Questions that are on their way, each once for all who want to know. They go on though nobody waits for them. */
export class Flights<T> {
  readonly #runtime: Pick<Runtime, 'now' | 'background'>
  readonly #running = new Map<string, Flight<T>>()

  constructor(runtime: Pick<Runtime, 'now' | 'background'>) {
    this.#runtime = runtime
  }

  /** The one that is on its way. */
  get(key: string): Flight<T> | undefined {
    return this.#running.get(key)
  }

  /** The same, or else a new one. `ask` must not reject; its consequences are there before anybody is told. */
  join(key: string, ask: () => Promise<Asked<T>>): Flight<T> {
    const running = this.#running.get(key)
    if (running !== undefined) return running
    const began = this.#runtime.now()
    if (this.#running.size >= FLIGHTS_MAX) return { began, done: Promise.resolve(tooMany()) }
    const done = ask().finally(() => this.#running.delete(key))
    const flight = { began, done }
    this.#running.set(key, flight)
    this.#runtime.background(done)
    return flight
  }
}

function tooMany(): Asked<never> {
  const message = 'too many questions to upstreams wait for an answer already'
  return { kind: 'failed', error: new PortolanError('UNREACHABLE', message, { retryAfter: RETRY_AFTER }) }
}
