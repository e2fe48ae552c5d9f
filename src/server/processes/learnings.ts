import { AttemptRecords } from '../../backends/retries/attempt-records.ts'
import type { AttemptSink } from '../../backends/retries/returning-clients.ts'
import type { TrafficRecord } from '../../routing/budget/billed-month.ts'
import type { Runtime } from '../../runtime.ts'
import type { OutcomeSink } from '../legacy/legacy-book.ts'
import type { TrafficSink } from '../sponsors/count-spending.ts'
import { BATCH_MAX, type LearntFact, type ToPrimary } from './messages.ts'
import type { Outbox } from './outbox.ts'

/** How long what was learnt is gathered, in milliseconds. */
const PERIOD = 100

function* batchesOf<Item>(items: readonly Item[], most: number): Iterable<readonly Item[]> {
  for (let from = 0; from < items.length; from += most) yield items.slice(from, from + most)
}

/** What this process learns, on its way to the others: gathered for a moment, since one message costs as much as a request. */
export class Learnings implements AttemptSink, TrafficSink {
  readonly #outbox: Outbox<ToPrimary>
  readonly #runtime: Pick<Runtime, 'now' | 'after'>
  readonly #attempts = new AttemptRecords()
  #facts: { backend: string; fact: LearntFact }[] = []
  /** By backend and place. */
  readonly #traffic = new Map<string, TrafficRecord>()
  /** By phase. */
  readonly #outcomes = new Map<string, { asked: number; failed: number }>()
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

  /** What clients were sent for is added up: none of it may be dropped, and no one's is worth a message. */
  note({ backend, place, bytes, gets, heads }: TrafficRecord): void {
    const key = `${backend} ${place === 'somewhere' ? place : place.name}`
    const before = this.#traffic.get(key) ?? { bytes: 0, gets: 0, heads: 0 }
    this.#traffic.set(key, {
      backend,
      place,
      bytes: before.bytes + bytes,
      gets: before.gets + gets,
      heads: before.heads + heads,
    })
    this.#tellSoon()
  }

  /** What became of requests by an old name is added up likewise. */
  readonly outcomes: OutcomeSink = {
    note: (phase, { asked, failed }) => {
      const before = this.#outcomes.get(phase) ?? { asked: 0, failed: 0 }
      this.#outcomes.set(phase, { asked: before.asked + asked, failed: before.failed + failed })
      this.#tellSoon()
    },
  }

  /** Tells all at once. */
  flush(): void {
    this.#tellTraffic()
    this.#tellOutcomes()
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

  #tellTraffic(): void {
    for (const batch of batchesOf([...this.#traffic], BATCH_MAX)) {
      if (this.#outbox.isFull) {
        this.#tellSoon()
        return
      }
      for (const [key] of batch) this.#traffic.delete(key)
      this.#outbox.offer({ kind: 'traffic', traffic: batch.map(([, traffic]) => traffic) })
    }
  }

  #tellOutcomes(): void {
    if (this.#outcomes.size === 0) return
    if (this.#outbox.isFull) {
      this.#tellSoon()
      return
    }
    const outcomes = [...this.#outcomes].map(([phase, tally]) => ({ phase, ...tally }))
    this.#outcomes.clear()
    this.#outbox.offer({ kind: 'outcomes', outcomes })
  }

  #tellAttempts(): void {
    if (this.#attempts.isEmpty) return
    const batch = this.#attempts.take(this.#runtime.now())
    this.#outbox.offer({ kind: 'attempts', batch }, batch.records.length)
  }
}
