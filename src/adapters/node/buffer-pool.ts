export interface BufferPoolOptions {
  /** How many each buffer has. */
  readonly bytes: number
  /** How many may be in use at once. */
  readonly most: number
  /** How many are kept while nobody needs them. */
  readonly kept: number
}

/** Buffers of one size that are used again and again: a new one costs more than what it is filled with. */
export class BufferPool {
  readonly #bytes: number
  readonly #most: number
  readonly #kept: number
  readonly #free: Buffer[] = []
  #taken = 0

  constructor({ bytes, most, kept }: BufferPoolOptions) {
    this.#bytes = bytes
    this.#most = most
    this.#kept = kept
  }

  /** A buffer with whatever is in it; `undefined` when all are taken. */
  take(): Buffer | undefined {
    if (this.#taken === this.#most) return undefined
    this.#taken++
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#bytes)
  }

  /** For a buffer that was taken here, and that nobody reads or writes any more. */
  give(buffer: Buffer): void {
    this.#taken--
    if (this.#free.length < this.#kept) this.#free.push(buffer)
  }
}
