import type { Cancel, Runtime } from '../../runtime.ts'
import type { WorkerExit, WorkerProcess } from './worker-process.ts'

/** One that ran for so long before it ended did not end at once, in milliseconds. */
const STABLE = 5000
/** Between two that end at once, in milliseconds: doubled each time. */
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 30_000

/** What a slot needs to know of a worker. */
export type SlotWorker = Pick<WorkerProcess, 'pid' | 'listening' | 'ended'>

/** What a slot needs of those around it. */
export interface SlotParts {
  readonly runtime: Pick<Runtime, 'now' | 'after' | 'log'>
  readonly number: number
  /** Starts a process. */
  start(): SlotWorker
  /** Told of a worker that has ended though nobody asked it to, and how many in a row have ended at once. */
  onLost(failures: number): void
}

/** A place for one worker: there is always one in it, or one about to be. */
export class WorkerSlot {
  readonly #parts: SlotParts
  #cancel: Cancel = () => {}
  #failures = 0
  #isClosed = false

  constructor(parts: SlotParts) {
    this.#parts = parts
  }

  /** Starts one; settles when it takes requests, and rejects when it ends before. Another follows in any case. */
  async fill(): Promise<void> {
    const startedAt = this.#parts.runtime.now()
    const worker = this.#start(startedAt)
    void worker.ended.then((exit) => this.#replace(worker, startedAt, exit))
    await worker.listening
  }

  /** A system without memory for another process makes an error of that at once, and may have some later. */
  #start(startedAt: number): SlotWorker {
    try {
      return this.#parts.start()
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#replace({}, startedAt, { code: null, signal: null, why })
      throw error
    }
  }

  /** Nobody is put in the place of one that ends from now on. */
  close(): void {
    this.#isClosed = true
    this.#cancel()
  }

  #replace({ pid }: Partial<SlotWorker>, startedAt: number, { code, signal, why }: WorkerExit): void {
    if (this.#isClosed) return
    const { runtime, number, onLost } = this.#parts
    const ran = runtime.now() - startedAt
    this.#failures = ran >= STABLE ? 0 : this.#failures + 1
    // The first one is replaced at once.
    const pause = this.#failures < 2 ? 0 : Math.min(FIRST_PAUSE * 2 ** this.#failures, LONGEST_PAUSE)
    const facts = { worker: number, pid, code, signal, ...(why !== undefined && { why }) }
    runtime.log.error({ ...facts, pauseMs: pause }, 'a worker ended: another takes its place')
    this.#cancel = runtime.after(pause, () => void this.fill().catch(() => {}))
    onLost(this.#failures)
  }
}
