import { PortolanError } from '../errors.ts'
import { untilAborted } from '../internal/until-aborted.ts'
import type { Digest } from '../oci/digest.ts'
import { type Download, type DownloadRuntime, startDownload } from '../transfer/download.ts'
import { follow } from '../transfer/follow.ts'
import type { NextSource } from '../transfer/source.ts'
import type { Spool } from '../transfer/spool.ts'
import type { WantedBlob } from '../transfer/transfer-error.ts'
import type { Fill, FilledFile, FilledPart } from './content-cache.ts'
import { type OpenKept, readKept, withinBuffer } from './kept-fill.ts'
import type { FillStatus } from './managed-cache.ts'
import { NO_PLACE } from './mounted-disk.ts'

/** So much of a blob, or all of it, is given to nobody before all of it has matched its digest. */
const HELD_BACK = 1024 * 1024
/** How long bytes may wait for more of them when somebody waits for these, in milliseconds. */
const PROMPT = 5

/** What a fill asks of the cache. */
export interface FillParts {
  readonly runtime: DownloadRuntime
  /** Opens what there is of it. */
  readonly open: (digest: Digest) => Promise<Spool>
  /** Told of its size as soon as it is known; false when there is no place for so much. */
  readonly expect: (size: number) => boolean
  /** Makes place for bytes; false when there is none. */
  readonly take: (bytes: number) => boolean | Promise<boolean>
  /** Makes place on a disk that is full before its time. */
  readonly takeFromFull: (bytes: number) => Promise<boolean>
  /** Keeps what has matched its digest; gives what lets it go again once nobody reads from it here. */
  readonly keep: (digest: Digest, size: number) => Promise<() => void>
  /** Opens what is kept. */
  readonly reopen: OpenKept
  readonly received: (bytes: number) => void
}

/** What is left of a fill that has ended. */
export interface FillEnd {
  /** Bytes of it that are there. */
  readonly length: number
  /** Absent when it is kept. */
  readonly error?: unknown
}

/** A download into the cache. It goes on without readers, and they at their own pace. */
export class RunningFill implements Fill {
  readonly blob: WantedBlob
  readonly ended: Promise<void>
  /** The same, and what is left. */
  readonly end: Promise<FillEnd>
  readonly #parts: FillParts
  readonly #stop = new AbortController()
  readonly #begun = Promise.withResolvers<{ readonly download: Download; readonly spool: Spool }>()
  readonly #size = Promise.withResolvers<number>()
  /** All of it has matched its digest; settles before it is kept, and rejects as {@link ended} does. */
  readonly #verified = Promise.withResolvers<void>()
  #spool: Spool | undefined
  #known: number | undefined
  #isVerified = false
  #readers = 0
  /** What is to be done when the last reader has left, once it has ended. */
  #release: (() => void) | undefined

  constructor(blob: WantedBlob, sources: NextSource, parts: FillParts) {
    this.blob = blob
    this.#parts = parts
    this.end = this.#run(sources)
    this.ended = this.end.then(({ error }) => {
      if (error !== undefined) throw error
    })
    // Whoever reads sees it, and nobody need be there.
    for (const each of [this.ended, this.#begun.promise, this.#size.promise, this.#verified.promise]) {
      each.catch(() => {})
    }
  }

  get size(): Promise<number> {
    return this.#size.promise
  }

  get position(): number {
    const length = this.#spool?.length ?? 0
    return this.#isVerified ? length : Math.max(0, Math.min(length, (this.#known ?? 0) - HELD_BACK))
  }

  get status(): FillStatus {
    const { digest, name } = this.blob
    const size = this.#known === undefined ? {} : { size: this.#known }
    return { digest, name, position: this.#spool?.length ?? 0, ...size }
  }

  /** Ends it before its time; what is there may be gone on with. */
  stop(reason: unknown): void {
    this.#stop.abort(reason)
  }

  async *read(part: FilledPart): AsyncGenerator<Uint8Array, void> {
    const { spool } = await untilAborted(part.signal, this.#begun.promise)
    if (this.#release === undefined) {
      this.#readers++
      try {
        yield* this.#follow(spool, part)
      } finally {
        this.#readers--
        this.#closeWithoutReaders()
      }
      return
    }
    await this.ended
    yield* readKept(this.#parts.reopen, this.blob.digest, part)
  }

  async file(): Promise<FilledFile | undefined> {
    const { spool } = await this.#begun.promise
    const { descriptor } = spool
    if (descriptor === undefined || this.#release !== undefined) return undefined
    this.#readers++
    let isOpen = true
    const positionOf = () => this.position
    return {
      descriptor,
      get position() {
        return positionOf()
      },
      passed: (position) => this.#passed(position),
      close: () => {
        if (!isOpen) return
        isOpen = false
        this.#readers--
        this.#closeWithoutReaders()
      },
    }
  }

  #follow(spool: Spool, part: FilledPart): AsyncGenerator<Uint8Array, void> {
    const read: Spool['read'] = (start, end, into) => spool.read(start, Math.min(end, this.position), into)
    return follow({ passed: (position) => this.#passed(position) }, withinBuffer({ read }), part)
  }

  /** Resolves when bytes beyond a position may be given. */
  async #passed(position: number): Promise<void> {
    const [size, { download }] = await Promise.all([this.size, this.#begun.promise])
    if (position >= size - HELD_BACK) await this.#verified.promise
    else if (!this.#isVerified) await download.passed(position)
  }

  async #run(sources: NextSource): Promise<FillEnd> {
    const { digest } = this.blob
    try {
      this.#spool = await this.#parts.open(digest)
    } catch (error) {
      this.#reject(error)
      return { length: 0, error }
    }
    const spool = this.#spool
    const held = this.#withPlace(spool)
    const download = startDownload(this.#parts.runtime, this.blob, held, {
      sources,
      stop: this.#stop.signal,
      onBytes: this.#parts.received,
      promptness: PROMPT,
    })
    download.size.then(
      (size) => this.#learnSize(size),
      () => {},
    )
    this.#begun.resolve({ download, spool })
    try {
      await download.ended
      this.#isVerified = true
      this.#verified.resolve()
      this.#closeAfterReaders(spool, await this.#parts.keep(digest, spool.length))
      return { length: spool.length }
    } catch (error) {
      this.#reject(error)
      // What was not kept is right all the same: those who read it are given the end of it too.
      this.#closeAfterReaders(spool)
      return { length: spool.length, error }
    }
  }

  #learnSize(size: number): void {
    this.#known = size
    if (this.#parts.expect(size)) this.#size.resolve(size)
    else this.stop(noPlace(this.blob))
  }

  /** A spool that takes in only what there is place for. */
  #withPlace(spool: Spool): Spool {
    const { take, takeFromFull } = this.#parts
    const { blob } = this
    return {
      get length() {
        return spool.length
      },
      async append(bytes) {
        const taken = take(bytes.length)
        if (!(taken === true || (await taken))) throw noPlace(blob)
        const before = spool.length
        try {
          await spool.append(bytes)
        } catch (error) {
          const rest = bytes.subarray(spool.length - before)
          if (!isFull(error) || !(await takeFromFull(rest.length))) throw error
          await spool.append(rest)
        }
      },
      read: (start, end, into) => spool.read(start, end, into),
      clear: () => spool.clear(),
      close: () => spool.close(),
      remove: () => spool.remove(),
    }
  }

  /** Those who read now go on, whatever becomes of the name of what they read. */
  #closeAfterReaders(spool: Spool, letGo = () => {}): void {
    this.#release = () => {
      letGo()
      spool.close().catch(() => {})
    }
    this.#closeWithoutReaders()
  }

  #closeWithoutReaders(): void {
    if (this.#readers > 0 || this.#release === undefined) return
    this.#release()
    this.#release = () => {}
  }

  #reject(error: unknown): void {
    this.#size.reject(error)
    this.#begun.reject(error)
    this.#verified.reject(error)
  }
}

/** Not an error of the disk. */
function noPlace({ digest, name }: WantedBlob): PortolanError {
  const message = `blob ${digest} of ${name} is not kept: the cache has no place for it`
  return new PortolanError('FILE_UNWRITABLE', message, { digest, reason: NO_PLACE })
}

/** The `reason` of an error when the disk itself is full. */
export const FULL: readonly string[] = ['ENOSPC', 'EDQUOT']

function isFull(error: unknown): boolean {
  return error instanceof PortolanError && FULL.includes(String(error.facts.reason))
}
