import { AttemptRecords } from '../../backends/retries/attempt-records.ts'
import type { AttemptSink } from '../../backends/retries/returning-clients.ts'
import type { Runtime } from '../../runtime.ts'
import { BATCH_MAX, type LearntFact, type ToPrimary } from './messages.ts'
import type { Outbox } from './outbox.ts'

/** How long what was learnt is gathered, in milliseconds. */
const PERIOD = 100

/** What this process learns, on its way to the others: gathered for a moment, since one message costs as much as a request. */
export class Learnings implements AttemptSink {
  readonly #outbox: Outbox<ToPrimary>
  readonly #runtime: Pick<Runtime, 'now' | 'after'>
  readonly #attempts = new AttemptRecords()
  #facts: { backend: string; fact: LearntFact }[] = []
  #isDue = false

  constructor(outbox: Outbox<ToPrimary>, runtime: Pick<Runtime, 'now' | 'after'>) {
    this.#outbox = outbox
    this.#runtime = runtime
  }

  fact(backend: string, fact: LearntFact): void {
    this.#facts.push({ backend, fact })
    if (this.#facts.length >= BATCH_MAX) this.flush()
    else this.#tellSoon()
  }

  blob(...[attempt, bytes]: Parameters<AttemptSink['blob']>): void {
    const now = this.#runtime.now()
    if (!this.#attempts.addBlob(attempt, bytes, now)) {
      this.#tellAttempts()
      this.#attempts.addBlob(attempt, bytes, now)
    }
    this.#tellSoon()
  }

  manifest(...manifest: Parameters<AttemptSink['manifest']>): void {
    const now = this.#runtime.now()
    if (!this.#attempts.addManifest(...manifest, now)) {
      this.#tellAttempts()
      this.#attempts.addManifest(...manifest, now)
    }
    this.#tellSoon()
  }

  /** Tells all at once. */
  flush(): void {
    if (this.#facts.length > 0) {
      this.#outbox.offer({ kind: 'facts', facts: this.#facts })
      this.#facts = []
    }
    this.#tellAttempts()
  }

  #tellSoon(): void {
    if (this.#isDue) return
    this.#isDue = true
    this.#runtime.after(PERIOD, () => {
      this.#isDue = false
      this.flush()
    })
  }

  #tellAttempts(): void {
    if (this.#attempts.isEmpty) return
    const batch = this.#attempts.take(this.#runtime.now())
    this.#outbox.offer({ kind: 'attempts', batch }, batch.records.length)
  }
}
