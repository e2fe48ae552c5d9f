import type { Elsewhere, LiveBackend } from '../../backends/live-backend.ts'
import { within } from '../../internal/within.ts'
import type { Runtime } from '../../runtime.ts'
import type { Learnings } from './learnings.ts'
import { isLearnt, type ToPrimary } from './messages.ts'
import type { Outbox } from './outbox.ts'

/** How long a check of a backend by the other process is waited for, in milliseconds: longer than it should take. */
const CHECK_TIMEOUT = 30_000

/** Leaves checks, and what becomes of facts, to another process. */
export class CheckedElsewhere implements Elsewhere {
  readonly #outbox: Outbox<ToPrimary>
  readonly #learnings: Learnings
  readonly #runtime: Pick<Runtime, 'after'>
  /** Who waits for which check, by its number. */
  readonly #waiting = new Map<number, () => void>()
  #lastCheck = 0

  constructor(outbox: Outbox<ToPrimary>, learnings: Learnings, runtime: Pick<Runtime, 'after'>) {
    this.#outbox = outbox
    this.#learnings = learnings
    this.#runtime = runtime
  }

  report({ key }: LiveBackend, fact: Parameters<Elsewhere['report']>[1]): void {
    if (isLearnt(fact)) this.#learnings.fact(key, fact)
  }

  async check({ key }: LiveBackend): Promise<void> {
    // What was learnt is the reason for the check, and comes before it.
    this.#learnings.flush()
    const check = ++this.#lastCheck
    const done = new Promise<void>((resolve) => this.#waiting.set(check, resolve))
    this.#outbox.put(`check ${check}`, { kind: 'check', check, backend: key })
    await within(this.#runtime, CHECK_TIMEOUT, done, undefined)
    this.#waiting.delete(check)
  }

  /** The other process says that a check has had its consequences. */
  noteChecked(check: number): void {
    this.#waiting.get(check)?.()
  }
}
