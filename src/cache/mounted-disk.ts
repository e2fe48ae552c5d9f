import { PortolanError } from '../errors.ts'
import { type Backoff, backoffDelay } from '../internal/backoff.ts'
import type { Cancel, Runtime } from '../runtime.ts'
import type { CacheDisk, CacheVolume, RecordedLines } from './disk.ts'
import type { DiskTrouble } from './events.ts'

/** The `reason` of an error that is none of the disk: the cache is full of what cannot go. */
export const NO_PLACE = 'no place'

/** Between two looks whether a disk does again what it should. */
const RETRY: Backoff = { first: 2000, max: 60_000 }
/** Trouble within this time of the last one, in milliseconds, is the same one. */
const QUIET = 60_000

/** Who is told of what becomes of a disk. */
export interface DiskListener {
  /** It is to be given back; resolves when nobody writes to it any more. */
  readonly leaving: () => Promise<void>
  /** It was taken, for the first time or anew: what was known of it is old. */
  readonly mounted: (volume: CacheVolume) => void
  readonly trouble: (trouble: DiskTrouble | undefined) => void
}

/** A disk that may fail and come back while a mirror runs. */
export class MountedDisk {
  readonly #runtime: Pick<Runtime, 'after' | 'random' | 'now' | 'date' | 'log'>
  readonly #disk: CacheDisk
  readonly #records: RecordedLines
  readonly #listener: DiskListener
  #volume: CacheVolume | undefined
  #trouble: DiskTrouble | undefined
  /** How often in a row. */
  #failures = 0
  #recovered = Number.NEGATIVE_INFINITY
  #callOff: Cancel = () => {}
  #recovering: Promise<void> | undefined
  #closed = false
  #isMounting = false
  #hasRecords = false

  constructor(
    runtime: Pick<Runtime, 'after' | 'random' | 'now' | 'date' | 'log'>,
    disk: CacheDisk,
    records: RecordedLines,
    listener: DiskListener,
  ) {
    this.#runtime = runtime
    this.#disk = disk
    this.#records = records
    this.#listener = listener
  }

  /** What can be read; it may not be writable. */
  get readable(): CacheVolume | undefined {
    return this.#volume
  }

  /** What can be written, as far as is known. */
  get writable(): CacheVolume | undefined {
    return this.#trouble === undefined ? this.#volume : undefined
  }

  get trouble(): DiskTrouble | undefined {
    return this.#trouble
  }

  /**
   * Takes the disk; when that fails, or takes long, goes on trying. Rejects with `FILE_UNWRITABLE` when another process
   * has it.
   */
  async begin(): Promise<void> {
    const waiting = Promise.withResolvers<string>()
    const mounting = this.#mount(waiting.resolve)
    try {
      const message = await Promise.race([mounting, waiting.promise])
      if (message !== undefined) this.#waitFor(mounting, message)
    } catch (error) {
      if (error instanceof PortolanError && error.facts.holder !== undefined) throw error
      this.#note(error)
    }
  }

  /** Takes note of what failed at a volume, if that is still the one, and the failure one of the disk. */
  noteFailure(volume: CacheVolume, error: unknown): void {
    if (volume !== this.#volume || !(error instanceof PortolanError)) return
    const isOwn = error.code === 'FILE_UNWRITABLE' || error.code === 'LEASE_LOST'
    if (isOwn && error.facts.reason !== NO_PLACE) this.#note(error)
  }

  #note(error: unknown): void {
    if (this.#trouble !== undefined || this.#closed) return
    const sinceLast = this.#runtime.now() - this.#recovered
    this.#failures = sinceLast < QUIET ? this.#failures + 1 : 1
    this.#begin(reasonOf(error), error instanceof Error ? error.message : String(error))
    this.#schedule()
  }

  #begin(reason: string, message: string): void {
    const { date, log } = this.#runtime
    const trouble = { reason, message, since: date().getTime() }
    this.#trouble = trouble
    log.error({ disk: this.#disk.location, reason }, `nothing is kept until it can be again: ${message}`)
    this.#listener.trouble(trouble)
  }

  #end(): void {
    if (this.#closed) return
    this.#recovered = this.#runtime.now()
    this.#trouble = undefined
    this.#runtime.log.info({ disk: this.#disk.location }, 'what is fetched is kept again')
    this.#listener.trouble(undefined)
  }

  /** Whoever had the disk may be gone or not: meanwhile, clients are served without it. */
  #waitFor(mounting: Promise<void>, message: string): void {
    this.#begin('waiting', message)
    this.#recovering = mounting.then(
      () => this.#end(),
      (error) => {
        this.#trouble = undefined
        this.#note(error)
      },
    )
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#callOff()
    // To take a disk may take as long as somebody has to be watched: that is closed when it is had.
    if (!this.#isMounting) await this.#recovering
    await this.#listener.leaving()
    await this.#volume?.close().catch(() => {})
    this.#volume = undefined
  }

  #schedule(): void {
    const delay = backoffDelay(RETRY, this.#failures, this.#runtime.random)
    this.#callOff = this.#runtime.after(delay, () => {
      this.#recovering = this.#recover().catch(() => {
        // What it was is told already; the next try may go well.
        this.#failures++
        if (!this.#closed) this.#schedule()
      })
    })
  }

  async #recover(): Promise<void> {
    if (!(await this.#isOurs())) await this.#mount(() => {})
    else await this.#volume?.rewriteRecords()
    this.#end()
  }

  /** Whether what was taken can be written again; false when it has to be taken anew. Rejects when it cannot. */
  async #isOurs(): Promise<boolean> {
    if (this.#volume === undefined || this.#volume.lost.aborted) return false
    try {
      await this.#volume.probe()
      return true
    } catch (error) {
      // Gone, with all that was in it: it is made anew.
      if (reasonOf(error) === 'ENOENT' || this.#volume.lost.aborted) return false
      throw error
    }
  }

  async #mount(onWait: (message: string) => void): Promise<void> {
    const records = this.#records
    // What is in memory is as new or newer.
    const reader = this.#hasRecords ? { read() {}, lines: () => records.lines() } : records
    const old = this.#volume
    if (old !== undefined) await this.#listener.leaving()
    this.#volume = undefined
    await old?.close().catch(() => {})
    this.#isMounting = true
    const volume = await this.#disk.mount(reader, onWait).finally(() => {
      this.#isMounting = false
    })
    if (this.#closed) return volume.close()
    this.#hasRecords = true
    this.#volume = volume
    volume.lost.addEventListener('abort', () => this.noteFailure(volume, volume.lost.reason), { once: true })
    this.#listener.mounted(volume)
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof PortolanError)) return 'unknown'
  if (error.code === 'LEASE_LOST') return 'lost'
  if (error.facts.holder !== undefined) return 'held'
  return typeof error.facts.reason === 'string' ? error.facts.reason : 'unknown'
}
