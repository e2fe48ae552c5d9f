import type { Runtime } from '../../runtime.ts'
import type { ToWorker } from './messages.ts'

/** How long one piece may be on its way before it is asked for again, in milliseconds. */
const AGAIN = 10_000
/** Longer than any inventory or range snapshot. */
const CONTENT_MAX = 256 * 1024 * 1024

interface Reading {
  readonly content: string
  bytes: Uint8Array | undefined
  /** Where the piece begins that is on its way. */
  at: number
  resolve(bytes: Uint8Array | undefined): void
  cancel(): void
}

/** Reads contents of another process piece by piece, one content at a time: so nothing piles up on either side. */
export class ContentReader {
  readonly #want: (content: string, offset: number) => void
  readonly #runtime: Pick<Runtime, 'after'>
  #reading: Reading | undefined
  #queue: Promise<unknown> = Promise.resolve()

  constructor(want: (content: string, offset: number) => void, runtime: Pick<Runtime, 'after'>) {
    this.#want = want
    this.#runtime = runtime
  }

  /**
   * A content, whole; `undefined` where the other process does not have it any more. One that stands still is waited for:
   * nobody would tell this process a second time what is to be read.
   */
  read(content: string): Promise<Uint8Array | undefined> {
    const turn = this.#queue.then(
      () =>
        new Promise<Uint8Array | undefined>((resolve) => {
          this.#reading = { content, bytes: undefined, at: 0, resolve, cancel: () => {} }
          this.#ask(this.#reading)
        }),
    )
    this.#queue = turn
    return turn
  }

  /** Takes in a piece that has arrived. */
  take({ content, offset, total, bytes }: ToWorker & { kind: 'piece' }): void {
    const reading = this.#reading
    if (reading?.content !== content) return
    const end = offset + bytes.length
    if (bytes.length === 0 || total > CONTENT_MAX || end > total) {
      this.#end(reading, undefined)
      return
    }
    // One that was asked for twice comes twice.
    if (offset !== reading.at) return
    reading.bytes ??= new Uint8Array(total)
    if (reading.bytes.length !== total) {
      this.#end(reading, undefined)
      return
    }
    reading.bytes.set(bytes, offset)
    reading.at = end
    if (end === total) this.#end(reading, reading.bytes)
    else this.#ask(reading)
  }

  #ask(reading: Reading): void {
    reading.cancel()
    reading.cancel = this.#runtime.after(AGAIN, () => this.#ask(reading))
    this.#want(reading.content, reading.at)
  }

  #end(reading: Reading, bytes: Uint8Array | undefined): void {
    reading.cancel()
    if (this.#reading === reading) this.#reading = undefined
    reading.resolve(bytes)
  }
}
