import { wait } from '../internal/backoff.ts'
import { type Digest, digestAlgorithm, digestEncoded } from '../oci/digest.ts'
import type { Cancel, HashAlgorithm, Runtime } from '../runtime.ts'
import type { Content } from './contents.ts'
import type { OpenContent } from './disk.ts'
import type { VerifyStatus } from './managed-cache.ts'

/** What a {@link Scrub} is made from. */
export interface ScrubParts {
  readonly runtime: Pick<Runtime, 'after' | 'date' | 'createHash' | 'background'>
  /** Within which time each content is read once, in milliseconds; absent for never by itself. */
  readonly period?: number
  readonly contents: Iterable<Content>
  /** Opens one, which is no use of it; `undefined` when it has gone meanwhile. Rejects when it cannot be read. */
  readonly open: (content: Content) => Promise<OpenContent | undefined>
  readonly verified: (content: Content) => void
  readonly lost: (content: Content, why: unknown) => Promise<void>
}

/** How often it looks which ones are due, in milliseconds, or more often for a short period. */
const ROUND = 3_600_000
const ROUNDS_PER_PERIOD = 24
const PIECE = 1024 * 1024
/** In bytes a second, at least: little beside what a disk can do. */
const SLOWEST = 4 * 1024 * 1024
/** As much faster than needed, so that it is done in time. */
const HASTE = 2
/** Of those that were lost, so many are named. */
const NAMED_MAX = 1000

/** Reads contents again now and then, and compares them with their digests: disks forget. */
export class Scrub {
  readonly #parts: ScrubParts
  readonly #stop = new AbortController()
  #callOff: Cancel = () => {}
  #running: Promise<void> = Promise.resolve()
  #all: VerifyStatus | undefined

  constructor(parts: ScrubParts) {
    this.#parts = parts
  }

  /** The last time that all was verified by demand, or that which goes on. */
  get status(): VerifyStatus | undefined {
    return this.#all
  }

  begin(): void {
    const { period, runtime } = this.#parts
    if (period === undefined || this.#stop.signal.aborted) return
    this.#callOff = runtime.after(Math.min(ROUND, period / ROUNDS_PER_PERIOD), () => {
      this.#running = this.#round(period).then(() => this.begin())
      runtime.background(this.#running)
    })
  }

  /** Resolves when nothing is read any more. */
  async end(): Promise<void> {
    this.#callOff()
    this.#stop.abort()
    await this.#running
  }

  /** Verifies all there is, as fast as it goes; once when it is asked for meanwhile. */
  verify(): VerifyStatus {
    if (this.#all !== undefined && this.#all.ended === undefined) return this.#all
    const due = [...this.#parts.contents]
    const status: Mutable<VerifyStatus> = {
      ...{ began: this.#date(), of: due.length, checked: 0, bytes: 0, lost: 0 },
      names: [],
    }
    this.#all = status
    const all = async () => {
      for (const content of due) {
        if (this.#stop.signal.aborted) return
        const outcome = await this.#check(content, Number.POSITIVE_INFINITY)
        if (outcome === 'gone') continue
        status.checked++
        status.bytes += content.size
        if (outcome === 'right') continue
        status.lost++
        if (status.names.length < NAMED_MAX) status.names = [...status.names, content.digest]
      }
      status.ended = this.#date()
    }
    this.#running = Promise.all([this.#running, all()]).then(() => {})
    this.#parts.runtime.background(this.#running)
    return status
  }

  /** Those that are due before the next round is over, the one that has waited longest first. */
  async #round(period: number): Promise<void> {
    const contents = [...this.#parts.contents]
    const bytes = contents.reduce((sum, { size }) => sum + size, 0)
    const rate = Math.max(SLOWEST, (HASTE * bytes) / (period / 1000))
    const before = this.#date() + Math.min(ROUND, period / ROUNDS_PER_PERIOD) - period
    const due = contents.filter(({ verified }) => verified <= before)
    for (const content of due.sort((a, b) => a.verified - b.verified)) {
      if (this.#stop.signal.aborted) return
      await this.#check(content, rate)
    }
  }

  /** At so many bytes a second. */
  async #check(content: Content, rate: number): Promise<'right' | 'lost' | 'gone'> {
    let opened: OpenContent | undefined
    try {
      opened = await this.#parts.open(content)
      if (opened === undefined) return 'gone'
      const actual = await this.#hash(content.digest, opened, rate)
      if (actual === undefined) return 'gone'
      if (actual === digestEncoded(content.digest)) {
        this.#parts.verified(content)
        return 'right'
      }
      await this.#parts.lost(content, 'it is not what it was')
    } catch (error) {
      await this.#parts.lost(content, error)
    } finally {
      opened?.close()
    }
    return 'lost'
  }

  /** `undefined` when it has to end. Rejects when it cannot be read. */
  async #hash(digest: Digest, opened: OpenContent, rate: number): Promise<string | undefined> {
    const { runtime } = this.#parts
    const hash = runtime.createHash(digestAlgorithm(digest) as HashAlgorithm)
    const buffer = new Uint8Array(Math.min(PIECE, opened.size))
    for (let position = 0; position < opened.size; position += buffer.length) {
      if (this.#stop.signal.aborted) return undefined
      hash.update(await opened.read(position, position + buffer.length, buffer))
      const pause = (1000 * buffer.length) / rate
      if (pause > 0) await wait(runtime, pause, this.#stop.signal).catch(() => {})
    }
    return hash.hex()
  }

  #date(): number {
    return this.#parts.runtime.date().getTime()
  }
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }
