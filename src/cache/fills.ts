import type { PortolanError } from '../errors.ts'
import { type Digest, isVerifiable } from '../oci/digest.ts'
import type { NextSource } from '../transfer/source.ts'
import { isPassing, type WantedBlob } from '../transfer/transfer-error.ts'
import type { Fill } from './content-cache.ts'
import type { CacheVolume } from './disk.ts'
import { type FillEnd, type FillParts, RunningFill } from './fill.ts'
import type { CacheParts, Kept } from './kept.ts'
import { KeptFill } from './kept-fill.ts'
import type { FillStatus } from './managed-cache.ts'
import type { Lot } from './space.ts'

/** Downloads at once: each has a buffer, a connection and a file. */
const MAX_FILLS = 256
/** So much goes at least when a disk is full before its time. */
export const SHRINK_BYTES = 8 * 1024 * 1024

/** What one fill goes by from beginning to end. */
interface Undertaking {
  readonly volume: CacheVolume
  readonly lot: Lot
  readonly begun: number
  /** Settles when nothing is left of the fill of this digest before. */
  readonly before: Promise<void> | undefined
}

/** The downloads into a cache, one for a digest. */
export class Fills {
  readonly #parts: CacheParts
  readonly #kept: Kept
  readonly #fills = new Map<Digest, RunningFill>()
  /** Of each fill that goes on or has just ended, when all is done that follows its end. */
  readonly #ends = new Map<Digest, Promise<void>>()
  #closed = false
  #toldFull = false

  constructor(parts: CacheParts, kept: Kept) {
    this.#parts = parts
    this.#kept = kept
  }

  get status(): readonly FillStatus[] {
    return [...this.#fills.values()].map(({ status }) => status)
  }

  /** The fill of a digest that goes on now. */
  get(digest: Digest): Fill | undefined {
    return this.#fills.get(digest)
  }

  /** The fill that goes on, or a new one; `undefined` when it cannot be kept, or too many go on. */
  fill(blob: WantedBlob, sources: NextSource): Fill | undefined {
    const { contents, disk, space } = this.#parts
    const { digest, size } = blob
    const running = this.#fills.get(digest)
    if (running !== undefined) return running
    const kept = contents.get(digest)
    if (kept !== undefined) return new KeptFill(digest, kept.size, this.#kept.reopen)
    const volume = disk.writable
    if (volume === undefined || this.#closed || !isVerifiable(digest)) return undefined
    if (this.#fills.size >= MAX_FILLS) return undefined
    const lot = space.resume(digest)
    if (size === undefined || lot.expect(size)) return this.#begin(blob, sources, volume, lot)
    lot.end(lot.found)
    return undefined
  }

  /** Ends all that go on; what they brought is left for another time. Resolves when nothing is written any more. */
  async end(reason: PortolanError): Promise<void> {
    for (const fill of this.#fills.values()) fill.stop(reason)
    await Promise.all(this.#ends.values())
  }

  /** The same, and nothing more begins. */
  async close(reason: PortolanError): Promise<void> {
    this.#closed = true
    await this.end(reason)
  }

  #begin(blob: WantedBlob, sources: NextSource, volume: CacheVolume, lot: Lot): Fill {
    const { runtime, events } = this.#parts
    const { digest, name } = blob
    const undertaking = { volume, lot, begun: runtime.now(), before: this.#ends.get(digest) }
    const fill = new RunningFill(blob, sources, this.#partsOf(undertaking))
    this.#fills.set(digest, fill)
    events.notify({ kind: 'fill begun', digest, name })
    const ended = fill.end
      .then((end) => this.#ended(fill, end, undertaking))
      .then(() => {
        if (this.#ends.get(digest) === ended) this.#ends.delete(digest)
      })
    this.#ends.set(digest, ended)
    runtime.background(ended)
    return fill
  }

  #partsOf({ volume, lot, before }: Undertaking): FillParts {
    const { runtime, space, contents, events } = this.#parts
    return {
      runtime,
      open: async (digest) => {
        await before
        await space.settled(digest)
        return volume.partial(digest)
      },
      expect: lot.expect,
      take: lot.take,
      takeFromFull: (bytes) => this.#takeFromFull(bytes),
      keep: async (digest, size) => {
        await space.settled(digest)
        await volume.commit(digest)
        lot.end()
        return contents.hold(this.#kept.add(digest, size))
      },
      reopen: this.#kept.reopen,
      received: (bytes) => events.notify({ kind: 'received', bytes }),
    }
  }

  async #ended(fill: RunningFill, end: FillEnd, { volume, lot, begun }: Undertaking): Promise<void> {
    const { runtime, disk, events } = this.#parts
    const { digest } = fill.blob
    const { length, error } = end
    this.#fills.delete(digest)
    if (error !== undefined) {
      // Before anybody who was told of it asks for the next one.
      disk.noteFailure(volume, error)
      const stays = isPassing(error) && volume === disk.readable
      if (!stays) await volume.removePartial(digest).catch(() => {})
      lot.end(stays ? { digest, length, changed: runtime.date().getTime() } : undefined)
    }
    if (error === undefined) {
      events.notify({ kind: 'fill ended', digest, size: length, took: runtime.now() - begun })
      return
    }
    events.notify({ kind: 'fill failed', digest, error })
  }

  async #takeFromFull(bytes: number): Promise<boolean> {
    const { runtime, location, space } = this.#parts
    if (!this.#toldFull) {
      this.#toldFull = true
      const facts = { disk: location, used: space.used, size: space.limit }
      runtime.log.warn(facts, 'the disk is full before the cache has its size: it makes do with less')
    }
    return (await space.shrink(Math.max(bytes, SHRINK_BYTES))) > 0
  }
}
