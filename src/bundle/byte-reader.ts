import { PortolanError } from '../errors.ts'

/** Reads a stream from its beginning on, so many bytes at a time. */
export class ByteReader {
  /** Bytes that were taken so far. */
  position = 0
  /** Names the stream in errors. */
  readonly where: string
  readonly #pieces: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array()

  constructor(source: AsyncIterable<Uint8Array>, where: string) {
    this.#pieces = source[Symbol.asyncIterator]()
    this.where = where
  }

  /** Exactly so many bytes. Throws `CONTENT_INVALID` when there are fewer. */
  async take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(count)
    let filled = 0
    for await (const piece of this.pieces(count)) {
      bytes.set(piece, filled)
      filled += piece.length
    }
    return bytes
  }

  /** The same as it comes; what is not read to its end is still to be taken. */
  async *pieces(count: number): AsyncGenerator<Uint8Array, undefined> {
    for (let left = count; left > 0; ) {
      if (this.#rest.length === 0) this.#rest = await this.#next()
      const piece = this.#rest.subarray(0, left)
      this.#rest = this.#rest.subarray(piece.length)
      this.position += piece.length
      left -= piece.length
      yield piece
    }
    return undefined
  }

  /** Whether nothing is left. */
  async isAtEnd(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#pieces.next()
      if (done) return true
      this.#rest = value
    }
    return false
  }

  /** Lets the stream go. */
  async close(): Promise<void> {
    await this.#pieces.return?.()
  }

  async #next(): Promise<Uint8Array> {
    const { done, value } = await this.#pieces.next()
    if (!done) return value
    const message = `${this.where} ends after ${this.position} bytes, in the middle of a bundle: are all of its parts there?`
    throw new PortolanError('CONTENT_INVALID', message, { position: this.position })
  }
}
