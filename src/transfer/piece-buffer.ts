/** From so many bytes on, a piece is worth a write of its own; to be gathered, it would be copied. */
const LARGE_PIECE = 128 * 1024

const NOTHING = new Uint8Array()

/** Gathers what comes, so that a file is not written in the small pieces of a network. */
export class PieceBuffer {
  readonly #size: number
  /** Made by the first small piece: where all are large, there is nothing to gather. */
  #buffer: Uint8Array | undefined
  readonly #append: (bytes: Uint8Array) => Promise<void>
  #length = 0
  #flushing: Promise<void> | undefined

  /** Hands on `size` bytes at a time; they are lent until `append` settles. */
  constructor(size: number, append: (bytes: Uint8Array) => Promise<void>) {
    this.#size = size
    this.#append = append
  }

  /** Bytes that were not handed on yet. */
  get length(): number {
    return this.#length
  }

  async add(bytes: Uint8Array): Promise<void> {
    await this.#flushing
    if (this.#length === 0 && bytes.length >= LARGE_PIECE) {
      this.#flushing = this.#handOn(bytes)
      return this.#flushing
    }
    this.#buffer ??= new Uint8Array(this.#size)
    for (let taken = 0; taken < bytes.length; ) {
      const part = bytes.subarray(taken, taken + this.#size - this.#length)
      this.#buffer.set(part, this.#length)
      this.#length += part.length
      taken += part.length
      if (this.#length === this.#size) await this.flush()
    }
  }

  /** Hands on what there is; meanwhile, what is added waits. */
  flush(): Promise<void> {
    this.#flushing ??= this.#handOn(this.#buffer?.subarray(0, this.#length) ?? NOTHING)
    return this.#flushing
  }

  async #handOn(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0) await this.#append(bytes)
    this.#length = 0
    this.#flushing = undefined
  }
}
