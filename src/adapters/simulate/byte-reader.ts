/** Takes bytes from pieces as many at a time as are wanted. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  /** One byte at least, unless there are no more, and no more than so many. */
  async atMost(count: number): Promise<Uint8Array> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#pieces.next()
      if (done) break
      this.#rest = value
    }
    const part = this.#rest.subarray(0, count)
    this.#rest = this.#rest.subarray(part.length)
    return part
  }

  /** So many bytes, or as many as there are left; few, since they are copied. */
  async upTo(count: number): Promise<Buffer> {
    const parts: Uint8Array[] = []
    for (let missing = count; missing > 0; ) {
      const part = await this.atMost(missing)
      if (part.length === 0) break
      parts.push(part)
      missing -= part.length
    }
    return Buffer.concat(parts)
  }

  /** All that is left, these bytes before it. */
  async *after(first: Uint8Array): AsyncGenerator<Uint8Array> {
    if (first.length > 0) yield first
    for (;;) {
      const part = await this.atMost(Number.MAX_SAFE_INTEGER)
      if (part.length === 0) return
      yield part
    }
  }
}
