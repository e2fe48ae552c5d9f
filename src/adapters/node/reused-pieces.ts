import type { Socket } from 'node:net'

const PIECE = 512 * 1024
/** A piece with less space is not read into any more. */
const LEAST_SPACE = 64 * 1024
/** So much is handed on at once; less waits for what else has come by then. */
const ENOUGH = 256 * 1024

/**
 * What a socket gives, in two pieces of memory that are used again and again: one is read into while the other is lent.
 */
export class ReusedPieces {
  /** Told of all that is there, after each read; before there is a stream. */
  onTaken: ((bytes: Buffer) => void) | undefined
  /** Is read into. */
  #current = Buffer.allocUnsafeSlow(PIECE)
  #other = Buffer.allocUnsafeSlow(PIECE)
  #filled = 0
  /** The socket is not read until the current piece was taken. */
  #isPaused = false
  #onMore = () => {}

  /** Where the next read goes; asked for after each. */
  space(): Uint8Array {
    // A full one is lent before it is read again, and then the other one is back.
    return this.#isFull() ? this.#other : this.#current.subarray(this.#filled)
  }

  /** Notes a read of so many bytes; false when there is no space for another one. */
  take(bytes: number, into: Uint8Array): boolean {
    // It was begun before the current piece was: what is lent has nothing there.
    if (into.buffer !== this.#current.buffer) this.#current.set(into.subarray(0, bytes), this.#filled)
    this.#filled += bytes
    this.onTaken?.(this.#current.subarray(0, this.#filled))
    this.#onMore()
    this.#isPaused = this.#isFull()
    return !this.#isPaused
  }

  /** Forgets the first bytes of what is there. */
  drop(bytes: number): void {
    this.#current.copyWithin(0, bytes, this.#filled)
    this.#filled -= bytes
  }

  /** The body of so many bytes that comes from here on, at its reader's pace; ends the connection with it. */
  stream(socket: Socket, length: number): ReadableStream<Uint8Array> {
    let left = length
    let isWaiting = false
    let isOver = false
    let reader: ReadableStreamDefaultController<Uint8Array>
    let waiting = Promise.withResolvers<void>()
    const end = (error?: unknown) => {
      if (isOver) return
      isOver = true
      this.#onMore = () => {}
      if (error === undefined) reader.close()
      else reader.error(error)
      socket.destroy()
      waiting.resolve()
    }
    const tooMuch = () => new Error(`more came than the ${length} bytes that were announced`)
    const handOn = () => {
      if (isOver || !isWaiting || this.#filled === 0) return
      if (this.#filled > left) return end(tooMuch())
      left -= this.#filled
      isWaiting = false
      reader.enqueue(this.#lend())
      waiting.resolve()
      if (left === 0) return end()
      if (!this.#isPaused) return
      this.#isPaused = false
      socket.resume()
    }
    this.#onMore = () => {
      if (this.#filled >= ENOUGH) handOn()
      else if (isWaiting) setImmediate(handOn)
    }
    // What came before is handed on first.
    let failure: unknown
    const fail = (error: unknown) => {
      failure ??= error
      handOn()
      if (isWaiting || this.#filled === 0) end(failure)
    }
    socket.once('error', fail)
    socket.once('close', () => {
      if (this.#filled < left) fail(new Error(`it ended before all of its ${length} bytes had come`))
    })
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          reader = controller
          if (left === 0) end(this.#filled > 0 ? tooMuch() : undefined)
        },
        pull() {
          isWaiting = true
          waiting = Promise.withResolvers()
          handOn()
          if (isWaiting && failure !== undefined) end(failure)
          return waiting.promise
        },
        cancel() {
          isOver = true
          socket.destroy()
        },
      },
      { highWaterMark: 0 },
    )
  }

  #isFull(): boolean {
    return this.#current.length - this.#filled < LEAST_SPACE
  }

  #lend(): Uint8Array {
    const lent = this.#current.subarray(0, this.#filled)
    ;[this.#current, this.#other] = [this.#other, this.#current]
    this.#filled = 0
    return lent
  }
}
