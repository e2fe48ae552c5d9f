import type { Config } from '../config/config.ts'
import { createObservers, type Observers } from '../internal/observers.ts'
import type { Runtime } from '../runtime.ts'
import type { InForce } from './in-force.ts'

/** What became of the reloads of a service, for whoever asks. */
export interface ReloadStatus {
  /** ISO 8601. */
  readonly inForceSince: string
  readonly last: {
    readonly at: string
    readonly ok: boolean
    /** What spoke against the config. */
    readonly faults?: readonly string[]
  } | null
}

/** Puts configs in force one after the other, so that the last one asked for is the one that stays. */
export class Reloads {
  /** Told how each reload ended. */
  readonly outcomes: Observers<'success' | 'failure'> = createObservers()
  readonly #inForce: InForce
  readonly #runtime: Pick<Runtime, 'date'>
  #queue: Promise<unknown> = Promise.resolve()
  #status: ReloadStatus = { inForceSince: '', last: null }

  constructor(inForce: InForce, runtime: Pick<Runtime, 'date'>) {
    this.#inForce = inForce
    this.#runtime = runtime
  }

  get status(): ReloadStatus {
    return this.#status
  }

  /** Puts the first config in force. Rejects when a part of it cannot be had. */
  async begin(config: Config): Promise<void> {
    this.#inForce.enforce(await this.#inForce.prepare(config))
    this.#status = { inForceSince: this.#now(), last: null }
  }

  /** Puts another config in force, in its turn. Rejects, and changes nothing, when a part of it cannot be had. */
  reload(config: Config): Promise<void> {
    const turn = this.#queue.then(async () => {
      this.#inForce.enforce(await this.#inForce.prepare(config))
      const at = this.#now()
      this.#status = { inForceSince: at, last: { at, ok: true } }
      this.outcomes.notify('success')
    })
    this.#queue = turn.catch(() => {})
    return turn
  }

  /** Takes note of a config that could not be put in force. */
  refuse(faults: readonly string[]): void {
    this.#status = { ...this.#status, last: { at: this.#now(), ok: false, faults } }
    this.outcomes.notify('failure')
  }

  #now(): string {
    return this.#runtime.date().toISOString()
  }
}
