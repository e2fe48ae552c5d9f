import type { Runtime } from '../../runtime.ts'
import type { ToWorker } from './messages.ts'

/** How long one piece may be on its way, in milliseconds. */
const TIMEOUT = 10_000
/** Longer than any inventory or range snapshot. */
const CONTENT_MAX = 256 * 1024 * 1024

interface Reading {
  readonly content: string
  bytes: Uint8Array | undefined
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

  /** A content, whole; `undefined` where the other process does not have it any more, or does not answer. */
  read(content: string): Promise<Uint8Array | undefined> {
    const turn = this.#queue.then(
      () =>
        new Promise<Uint8Array | undefined>((resolve) => {
          this.#reading = { content, bytes: undefined, resolve, cancel: () => {} }
          this.#ask(this.#reading, 0)
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
    if (offset === 0) reading.bytes = new Uint8Array(total)
    if (reading.bytes?.length !== total) return
    reading.bytes.set(bytes, offset)
    if (end === total) this.#end(reading, reading.bytes)
    else this.#ask(reading, end)
  }

  #ask(reading: Reading, offset: number): void {
    reading.cancel()
    reading.cancel = this.#runtime.after(TIMEOUT, () => this.#end(reading, undefined))
    this.#want(reading.content, offset)
  }

  #end(reading: Reading, bytes: Uint8Array | undefined): void {
    reading.cancel()
    if (this.#reading === reading) this.#reading = undefined
    reading.resolve(bytes)
  }
}
