/** Gathers what comes, so that a file is not written in the small pieces of a network. */
export class PieceBuffer {
  readonly #buffer: Uint8Array
  readonly #append: (bytes: Uint8Array) => Promise<void>
  #length = 0

  /** Hands on `size` bytes at a time; they are lent until `append` settles. */
  constructor(size: number, append: (bytes: Uint8Array) => Promise<void>) {
    this.#buffer = new Uint8Array(size)
    this.#append = append
  }

  /** Bytes that were not handed on yet. */
  get length(): number {
    return this.#length
  }

  async add(bytes: Uint8Array): Promise<void> {
    for (let taken = 0; taken < bytes.length; ) {
      const part = bytes.subarray(taken, taken + this.#buffer.length - this.#length)
      this.#buffer.set(part, this.#length)
      this.#length += part.length
      taken += part.length
      if (this.#length === this.#buffer.length) await this.flush()
    }
  }

  /** Hands on what there is. */
  async flush(): Promise<void> {
    const length = this.#length
    this.#length = 0
    if (length > 0) await this.#append(this.#buffer.subarray(0, length))
  }
}
