import type { RetryStatus } from '../../backends/retries/detector.ts'
import { within } from '../../internal/within.ts'
import type { Cancel } from '../../runtime.ts'
import type { DoorRuntime } from '../../server/runtime.ts'
import { addSnapshots, type MetricsSnapshot } from '../../telemetry/exposition.ts'
import type { WorkerProcess } from './worker-process.ts'

/** How long a worker is waited for when it is asked what it has counted, in milliseconds. */
const TIMEOUT = 1000
/** Between two questions to all while nobody asks, in milliseconds: what one had counted since goes with it when it dies. */
const PERIOD = 10_000

/** A worker, as far as it counts. */
export type CountingWorker = Pick<WorkerProcess, 'count' | 'counted'>

/** What workers have counted, those that are gone included: a counter never goes back. */
export class Counts {
  readonly #runtime: Pick<DoorRuntime, 'after' | 'processMetrics'>
  readonly #workers: ReadonlySet<CountingWorker>
  #gone: Promise<MetricsSnapshot> = Promise.resolve({ families: [], process: [] })
  #cancel: Cancel | undefined

  constructor(workers: ReadonlySet<CountingWorker>, runtime: Pick<DoorRuntime, 'after' | 'processMetrics'>) {
    this.#workers = workers
    this.#runtime = runtime
  }

  /** Keeps what a worker that is gone had counted. */
  keep({ counted }: Pick<CountingWorker, 'counted'>): void {
    if (counted === undefined) return
    const { snapshot } = counted
    this.#gone = this.#gone.then((before) =>
      addSnapshots(before, snapshot, this.#runtime.processMetrics).catch(() => before),
    )
  }

  /** What each has counted: of one that does not answer, what it said the last time. */
  async read(): Promise<readonly MetricsSnapshot[]> {
    this.#askAgain()
    await this.#ask()
    // After the workers: one that ended meanwhile is among those that are gone, and so is one that ends now.
    for (;;) {
      const asked = this.#gone
      const gone = await asked
      if (asked !== this.#gone) continue
      return [gone, ...[...this.#workers].flatMap(({ counted }) => counted?.snapshot ?? [])]
    }
  }

  /** What is made of clients that come back: each worker knows of all of them. */
  async retries(): Promise<RetryStatus | undefined> {
    await this.#ask()
    return [...this.#workers].find(({ counted }) => counted !== undefined)?.counted?.retries
  }

  stop(): void {
    this.#cancel?.()
  }

  async #ask(): Promise<void> {
    const answers = [...this.#workers].map((worker) => worker.count())
    await within(this.#runtime, TIMEOUT, Promise.all(answers), [])
  }

  /** Once somebody scrapes, and not before: what tells of a process costs it something. */
  #askAgain(): void {
    this.#cancel?.()
    this.#cancel = this.#runtime.after(PERIOD, () => {
      void this.#ask()
      this.#askAgain()
    })
  }
}
