import type { Backoff } from '../internal/backoff.ts'
import { retry } from '../internal/retry.ts'
import type { Runtime } from '../runtime.ts'
import { HashedSpool, type HashMoment } from './hashed-spool.ts'
import { type Reception, receive } from './receive.ts'
import type { NextSource, Source } from './source.ts'
import type { Spool } from './spool.ts'
import { brokeOff, isPassing, nowhere, type WantedBlob, wrongDigest, wrongSize } from './transfer-error.ts'

/** A blob on its way into a spool, and what those who follow it need to know. */
export interface Download {
  /** Bytes that an earlier process had brought. */
  readonly resumedFrom: number
  /** Bytes of the blob, as soon as they are known. Rejects as {@link ended} does. */
  readonly size: Promise<number>
  /** Resolves when the spool has more bytes than `position`. Rejects as {@link ended} does. */
  passed(position: number): Promise<void>
  /**
   * Resolves when all of it is in the spool and matches the digest. Rejects with `CONTENT_INVALID` when what came
   * cannot be this blob, `UNREACHABLE` when it broke off too often, each naming the sources; with the reason of `stop`;
   * and as the spool does.
   */
  readonly ended: Promise<void>
  /** Whether {@link ended} has rejected. */
  readonly failed: boolean
}

export interface DownloadOptions {
  /** Where it is had from, and where on when that fails. */
  readonly sources: NextSource
  readonly stop: AbortSignal
  /** Told of bytes as they come. */
  readonly onBytes?: (bytes: number) => void
  /** When its bytes are hashed; as they come unless told. */
  readonly hash?: HashMoment
  /** How often in a row it may break off without having brought a megabyte. */
  readonly breaks?: number
  /**
   * How long bytes that are there may wait for more of them when somebody waits for these, in milliseconds; without it,
   * until there are enough for a large piece.
   */
  readonly promptness?: number
}

/** The part of a runtime that a download needs. */
export type DownloadRuntime = Pick<Runtime, 'after' | 'now' | 'random' | 'createHash'>

/** How often in a row a download may break off without {@link PROGRESS}, unless told. */
export const MAX_BREAKS = 5
/** So many bytes between two breaks, and it is worth to go on; what bounds the tries is then the size. */
const PROGRESS = 1024 * 1024
/** Before the same source is asked again. */
const BACKOFF: Backoff = { first: 500, max: 30_000 }

/**
 * Brings a blob into a spool, from where the spool ends; goes on by Range at the next source when one breaks off or
 * stalls. What came is verified at the end: until {@link Download.ended} resolves, nobody may call it the blob.
 */
export function startDownload(
  runtime: DownloadRuntime,
  blob: WantedBlob,
  spool: Spool,
  options: DownloadOptions,
): Download {
  return new RunningDownload(runtime, blob, spool, options)
}

class RunningDownload implements Download {
  readonly resumedFrom: number
  readonly ended: Promise<void>
  #failed = false
  readonly #runtime: DownloadRuntime
  readonly #blob: WantedBlob
  readonly #options: DownloadOptions
  readonly #spool: HashedSpool
  readonly #size = Promise.withResolvers<number>()
  readonly #reception: Reception
  /** Of the sources that gave any of it, in order. */
  readonly #locations = new Set<string>()

  constructor(runtime: DownloadRuntime, blob: WantedBlob, spool: Spool, options: DownloadOptions) {
    const { stop, onBytes = () => {}, promptness } = options
    this.#runtime = runtime
    this.#blob = blob
    this.#options = options
    this.#spool = new HashedSpool(runtime, blob.digest, spool, options.hash)
    this.resumedFrom = spool.length
    const learnSize = (bytes: number) => {
      this.#reception.expected = bytes
      this.#size.resolve(bytes)
    }
    this.#reception = { blob, spool: this.#spool, expected: blob.size, learnSize, stop, onBytes, promptness }
    this.ended = this.#run().catch((error) => {
      this.#failed = true
      this.#size.reject(error)
      this.#spool.wake()
      throw error
    })
    // Whoever follows sees it by one of the three; none of them must be an unhandled rejection.
    this.ended.catch(() => {})
    this.#size.promise.catch(() => {})
  }

  get size(): Promise<number> {
    return this.#size.promise
  }

  get failed(): boolean {
    return this.#failed
  }

  async passed(position: number): Promise<void> {
    while (this.#spool.length <= position) {
      if (this.#failed) await this.ended
      await this.#spool.moved()
    }
    if (this.#failed) await this.ended
  }

  async #run(): Promise<void> {
    const { size } = this.#blob
    if (size !== undefined) this.#size.resolve(size)
    if (size !== undefined && this.#spool.length > size) {
      throw wrongSize(this.#blob, this.#from(), `${this.#spool.length}`, size)
    }
    await this.#spool.hashExisting(this.#options.stop)
    if (!this.#isWhole()) await this.#bring()
    const actual = await this.#spool.digest(this.#options.stop)
    if (actual === this.#blob.digest) return
    throw wrongDigest(this.#blob, this.#from(), actual, await this.#spool.start(64))
  }

  /** Asks one source after another until all is there. */
  async #bring(): Promise<void> {
    const { sources, stop, breaks = MAX_BREAKS } = this.#options
    const spool = this.#spool
    const first = sources()
    if (first === undefined) throw nowhere(this.#blob)
    let source = first
    let before = spool.length
    let inARow = 0
    /** Those that have failed since there was progress: nobody waits for one that has not. */
    const failed = new Set<Source>()
    const progressed = () => spool.length - before >= PROGRESS
    const again = (error: unknown): boolean => {
      if (stop.aborted || spool.isOwn(error)) return false
      if (progressed()) failed.clear()
      failed.add(source)
      inARow = progressed() ? 1 : inARow + 1
      const next = sources({ source, error, passing: isPassing(error) })
      if (next !== undefined) source = next
      return next !== undefined
    }
    const pause = (_: unknown, growing: number) => (failed.has(source) ? growing : 0)
    const retrying = { attempts: breaks + 1, backoff: BACKOFF, signal: stop, again, progressed, pause }
    try {
      await retry(this.#runtime, retrying, async () => {
        before = spool.length
        if (!this.#isWhole()) await this.#receive(source)
      })
    } catch (error) {
      if (stop.aborted) throw stop.reason
      if (spool.isOwn(error) || !isPassing(error)) throw error
      const from = [...failed].map(({ location }) => location).join(' and ')
      throw brokeOff(this.#blob, from, inARow, error)
    }
  }

  async #receive(source: Source): Promise<void> {
    const before = this.#spool.length
    try {
      await receive(this.#runtime, source, this.#reception)
    } finally {
      if (this.#spool.length > before || this.#locations.size === 0) this.#locations.add(source.location)
    }
  }

  #isWhole(): boolean {
    return this.#spool.length === this.#reception.expected
  }

  /** Whom errors about all that came name. */
  #from(): string {
    const before = this.resumedFrom > 0 ? ['what an earlier run had brought'] : []
    return [...before, ...this.#locations].join(' and ')
  }
}
