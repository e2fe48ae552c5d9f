import { PortolanError } from '../../errors.ts'
import type { Upload } from '../object-store.ts'
import { givePartMemory, PART_SIZE, takePartMemory } from './part-memory.ts'

/** Where a driver takes the parts of an object. */
export interface PartSink {
  /** Stores the next part, which is full; called for one at a time. The bytes are lent until it settles. */
  part(bytes: Uint8Array): Promise<void>
  /**
   * Stores the last part and makes the object visible; may be called again when it failed. True when the store has
   * confirmed by checksums that it has all of the bytes.
   */
  finish(bytes: Uint8Array): Promise<boolean>
  /** Removes what was stored. */
  discard(): Promise<void>
}

export interface PartUploadFacts {
  readonly location: string
  readonly key: string
  readonly size: number
  readonly partSize: number
  /** What the sink has already. */
  readonly offset: number
}

const MIB = 1024 * 1024

/** The size of the parts of an object, such that a request's round trip costs little beside its bytes; larger for one that would otherwise have more than `maxParts`. */
export function partSizeOf(size: number, maxParts: number): number {
  return Math.max(PART_SIZE, Math.ceil(size / maxParts / MIB) * MIB)
}

/**
 * Cuts what is written into parts and hands them to a sink. One part is in memory: no bytes are taken while it is on its
 * way, since there may be a dozen of uploads at once, and what they read waits on the disk. The last part is kept back
 * for `commit`: at some stores it makes the object visible.
 */
export class PartUpload implements Upload {
  readonly offset: number
  readonly #facts: PartUploadFacts
  readonly #sink: PartSink
  readonly #memory: Uint8Array
  #written: number
  /** What of the memory the next part fills. */
  #gathered: Uint8Array
  #length = 0
  #onItsWay: Promise<void> = Promise.resolve()
  #ended = false

  constructor(facts: PartUploadFacts, sink: PartSink) {
    this.offset = facts.offset
    this.#facts = facts
    this.#sink = sink
    this.#written = facts.offset
    const bytes = Math.min(facts.partSize, facts.size - facts.offset)
    this.#memory = takePartMemory(bytes)
    this.#gathered = this.#memory.subarray(0, bytes)
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { size } = this.#facts
    let rest = bytes.subarray(0, Math.max(0, size - this.#written))
    const beyond = bytes.length - rest.length
    while (rest.length > 0) {
      const taken = rest.subarray(0, this.#gathered.length - this.#length)
      this.#gathered.set(taken, this.#length)
      this.#length += taken.length
      this.#written += taken.length
      rest = rest.subarray(taken.length)
      if (this.#length === this.#gathered.length && this.#written < size) await this.#send()
    }
    // It is counted, not kept: commit will say how much it was.
    this.#written += beyond
  }

  async commit(): Promise<boolean> {
    const { location, key, size } = this.#facts
    if (this.#written !== size) {
      throw new PortolanError(
        'CONTENT_INVALID',
        `${JSON.stringify(key)} is not put into ${location}: ${this.#written} bytes were written; expected ${size}`,
        { location, key, written: this.#written, size },
      )
    }
    const confirmed = await this.#sink.finish(this.#gathered.subarray(0, this.#length))
    // Of one that fails, a request that was given up may still be sending.
    if (!this.#ended) givePartMemory(this.#memory)
    this.#ended = true
    return confirmed
  }

  async abort(): Promise<void> {
    if (await this.#end()) await this.#sink.discard()
  }

  async suspend(): Promise<void> {
    await this.#end()
  }

  async #send(): Promise<void> {
    this.#onItsWay = this.#sink.part(this.#gathered)
    await this.#onItsWay
    this.#gathered = this.#gathered.subarray(0, this.#facts.size - this.#written)
    this.#length = 0
  }

  /** False when it has ended before. */
  async #end(): Promise<boolean> {
    if (this.#ended) return false
    this.#ended = true
    await this.#onItsWay.catch(() => {})
    return true
  }
}

/** An upload of an object of one part, which is written by a single request at `commit`. */
export function wholeUpload(
  { location, key, size }: { location: string; key: string; size: number },
  write: (bytes: Uint8Array) => Promise<boolean>,
): Upload {
  return new PartUpload(
    { location, key, size, partSize: Math.max(size, 1), offset: 0 },
    { part: async () => {}, finish: write, discard: async () => {} },
  )
}
