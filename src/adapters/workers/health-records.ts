import type { SharedCheck, SharedChecks } from '../../backends/shared-findings.ts'
import { within } from '../../internal/within.ts'
import type { Runtime } from '../../runtime.ts'
import type { HealthRecord } from '../../server/check-backends.ts'
import type { KeyValueStore } from './bindings.ts'
import { type HealthDocument, readHealthDocument, resultOf, saysTheSame } from './health-document.ts'

/** Its version is part of the name, so that two versions of a worker that run at once do not take turns. */
export const HEALTH_KEY = 'portolan/health/1'

/** Each isolate reads no oftener than this, in milliseconds: KV gives away 100,000 reads a day. */
const READ_INTERVAL = 30_000
/** How long an isolate waits for a read before it checks by itself, in milliseconds. */
const READ_TIMEOUT = 1000
/** What did not change is written this often all the same, in milliseconds, to say that somebody checks still. */
const WRITE_INTERVAL = 600_000
/** Older than this, records say nothing any more, in milliseconds. */
const STALE = 2 * WRITE_INTERVAL
/** KV gives away 1,000 writes a day. */
const WRITES_PER_DAY = 900

type RecordsRuntime = Pick<Runtime, 'now' | 'date' | 'after' | 'log' | 'background'>

/** The health of all backends, as the worker's scheduled checks write it to KV and its isolates read it there. */
export class HealthRecords implements SharedChecks {
  readonly #store: KeyValueStore
  readonly #runtime: RecordsRuntime
  #readAt = Number.NEGATIVE_INFINITY
  #reading: Promise<void> = Promise.resolve()
  #document: HealthDocument | undefined
  #problem: string | undefined

  constructor(store: KeyValueStore, runtime: RecordsRuntime) {
    this.#store = store
    this.#runtime = runtime
  }

  async latest(fingerprint: string): Promise<SharedCheck | undefined> {
    const { now, background } = this.#runtime
    if (now() - this.#readAt >= READ_INTERVAL) {
      this.#readAt = now()
      this.#reading = this.#read()
      background(this.#reading)
    }
    await within(this.#runtime, READ_TIMEOUT, this.#reading, undefined)
    if (this.#document === undefined || this.#ageOf(this.#document) >= STALE) return undefined
    const record = this.#document.backends.find((one) => one.fingerprint === fingerprint)
    if (record === undefined) return undefined
    const { ownership } = record
    const report = { result: resultOf(record), ...(ownership.status !== 'unchecked' && { ownership }) }
    return { report, at: this.#document.at }
  }

  /**
   * Has every backend checked, from what is recorded on, and records what comes of it when that is something else, or
   * else every ten minutes. Never rejects.
   */
  async update(check: (before: readonly HealthRecord[]) => Promise<readonly HealthRecord[]>): Promise<void> {
    this.#readAt = this.#runtime.now()
    await this.#read()
    const before = this.#document
    const backends = await check(before?.backends ?? [])
    const isFresh = before !== undefined && this.#ageOf(before) < WRITE_INTERVAL
    if (!isFresh || !saysTheSame(before.backends, backends)) await this.#write(backends, before)
  }

  async #read(): Promise<void> {
    try {
      const text = await this.#store.get(HEALTH_KEY)
      this.#document = text === null ? undefined : readHealthDocument(text)
      this.#note(
        text === null || this.#document !== undefined ? undefined : 'it is none that this version wrote',
      )
    } catch (error) {
      this.#note(String(error))
    }
  }

  async #write(backends: readonly HealthRecord[], before: HealthDocument | undefined): Promise<void> {
    const { date, log } = this.#runtime
    const at = date().getTime()
    const day = date().toISOString().slice(0, 10)
    const writes = before?.day === day ? before.writes + 1 : 1
    if (writes > WRITES_PER_DAY) {
      log.warn({ day, writes: writes - 1 }, 'the health of backends is written no more today: isolates check')
      return
    }
    const document: HealthDocument = { version: 1, at, day, writes, backends }
    try {
      await this.#store.put(HEALTH_KEY, JSON.stringify(document))
      this.#document = document
    } catch (error) {
      log.error({ key: HEALTH_KEY, problem: String(error) }, 'the health of backends cannot be written to KV')
    }
  }

  /** Says once what is wrong with what is read. */
  #note(problem: string | undefined): void {
    const { log } = this.#runtime
    if (problem !== undefined && problem !== this.#problem)
      log.warn({ key: HEALTH_KEY, problem }, 'the health of backends cannot be read from KV: isolates check')
    this.#problem = problem
  }

  #ageOf({ at }: HealthDocument): number {
    return this.#runtime.date().getTime() - at
  }
}
