import type { Socket } from 'node:net'
import { BufferPool } from './buffer-pool.ts'

const PIECE = 512 * 1024
/**
 * A piece with less space is not read into any more. TLS gives what it has decrypted even so: of what came by one read
 * (64 KiB, libuv), and a record that was begun before (16 KiB; RFC 8446, 5.1).
 */
const LEAST_SPACE = 128 * 1024
/** So much is handed on at once; less waits for what else has come by then. */
const ENOUGH = 256 * 1024

/** For all answers: V8 collects garbage for every few megabytes that are new. */
const POOL = new BufferPool({ bytes: PIECE, most: Number.POSITIVE_INFINITY, kept: 16 })

/**
 * What a socket gives, in two pieces of memory that are used again and again: what is there is lent while the rest of its
 * piece is read into, and then the other one.
 */
export class ReusedPieces {
  /** Told of all that is there, after each read; before there is a stream. */
  onTaken: ((bytes: Buffer) => void) | undefined
  /** Is read into. */
  #current = POOL.take()!
  #other: Buffer | undefined
  /** Where what was not lent yet begins, in the current piece. */
  #start = 0
  #filled = 0
  /** The socket is not read until the current piece was lent to its end. */
  #isPaused = false
  #onMore = () => {}

  /** Where the next read goes; asked for after each. */
  space(): Uint8Array {
    // Memory that is lent is never given here: when the current piece is lent to its end, the other one is back.
    return this.#filled < PIECE ? this.#current.subarray(this.#filled) : this.#spare
  }

  /** Notes a read of so many bytes; false when there is no space for another one. */
  take(bytes: number, into: Uint8Array): boolean {
    // It was asked for before the other piece became the current one.
    if (into.buffer !== this.#current.buffer) this.#current.set(into.subarray(0, bytes), this.#filled)
    this.#filled += bytes
    this.onTaken?.(this.#current.subarray(this.#start, this.#filled))
    this.#onMore()
    this.#isPaused = this.#isFull
    return !this.#isPaused
  }

  /** Forgets the first bytes of what is there. */
  drop(bytes: number): void {
    this.#start += bytes
  }

  /** The body of so many bytes that comes from here on, at its reader's pace; ends the connection with it. */
  stream(socket: Socket, length: number): ReadableStream<Uint8Array> {
    let left = length
    let isWaiting = false
    let isOver = false
    /** Whether the reader has a piece. */
    let isLent = false
    let reader: ReadableStreamDefaultController<Uint8Array>
    let waiting = Promise.withResolvers<void>()
    const stop = () => {
      isOver = true
      this.#onMore = () => {}
      socket.destroy()
      // Who still has a piece may be sending it.
      if (!isLent) this.#giveBack(socket)
      waiting.resolve()
    }
    const end = (error?: unknown) => {
      if (isOver) return
      if (error === undefined) reader.close()
      else reader.error(error)
      stop()
    }
    const tooMuch = () => new Error(`more came than the ${length} bytes that were announced`)
    const handOn = () => {
      if (isOver || !isWaiting || this.#there === 0) return
      if (this.#there > left) return end(tooMuch())
      left -= this.#there
      isWaiting = false
      isLent = true
      reader.enqueue(this.#lend())
      waiting.resolve()
      if (left === 0) socket.destroy()
      if (left === 0 || !this.#isPaused) return
      this.#isPaused = false
      socket.resume()
    }
    this.#onMore = () => {
      if (this.#there >= ENOUGH || this.#isFull) handOn()
      else if (isWaiting) setImmediate(handOn)
    }
    // What came before is handed on first.
    let failure: unknown
    const fail = (error: unknown) => {
      if (left === 0) return
      failure ??= error
      handOn()
      if (isWaiting || this.#there === 0) end(failure)
    }
    socket.once('error', fail)
    socket.once('close', () => {
      if (this.#there < left) fail(new Error(`it ended before all of its ${length} bytes had come`))
    })
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          reader = controller
          if (left === 0) end(this.#there > 0 ? tooMuch() : undefined)
        },
        pull() {
          isLent = false
          // Not before the last piece is done with.
          if (left === 0) return end()
          isWaiting = true
          waiting = Promise.withResolvers()
          handOn()
          if (isWaiting && failure !== undefined) end(failure)
          return waiting.promise
        },
        cancel: stop,
      },
      { highWaterMark: 0 },
    )
  }

  get #there(): number {
    return this.#filled - this.#start
  }

  get #isFull(): boolean {
    return PIECE - this.#filled < LEAST_SPACE
  }

  get #spare(): Buffer {
    this.#other ??= POOL.take()!
    return this.#other
  }

  #lend(): Uint8Array {
    const lent = this.#current.subarray(this.#start, this.#filled)
    this.#start = this.#filled
    if (this.#isFull) {
      ;[this.#current, this.#other] = [this.#spare, this.#current]
      this.#start = 0
      this.#filled = 0
    }
    return lent
  }

  /** Lets other answers have the pieces, once nothing can come into them any more. */
  #giveBack(socket: Socket): void {
    const give = () => {
      for (const piece of [this.#current, this.#other]) if (piece !== undefined) POOL.give(piece)
    }
    if (socket.closed) give()
    else socket.once('close', give)
  }
}
