import { writeSync } from 'node:fs'

/** Lines are gathered and written when so many characters are full or after so many milliseconds, not one by one. */
const FULL = 32_768
const PERIOD = 250
/** What may wait for a reader, in characters: some thousand lines. */
const MOST_WAITING = 1024 * 1024

/** A stream of the process, as far as it is needed here. */
export interface TextSink {
  write(text: string, done: (error?: Error | null) => void): unknown
}

/**
 * Lines for a reader that may stall: what does not fit is dropped and counted. The stream must not block; the standard
 * output of a process does not where it is a pipe or a socket (a file takes what it gets).
 */
export class LineOutput {
  readonly #sink: TextSink
  readonly #onDropped: (lines: number) => string
  #waiting = ''
  #timer: NodeJS.Timeout | undefined
  #isWriting = false
  #dropped = 0
  #unsaid = 0
  readonly #whenEmpty = new Set<() => void>()

  /** `onDropped` words the line that takes the place of so many dropped ones, as soon as the reader goes on. */
  constructor(sink: TextSink, onDropped: (lines: number) => string) {
    this.#sink = sink
    this.#onDropped = onDropped
  }

  /** How many lines were dropped so far. */
  get dropped(): number {
    return this.#dropped
  }

  write(line: string): void {
    if (this.#waiting.length + line.length > MOST_WAITING) {
      this.#dropped++
      this.#unsaid++
      return
    }
    this.#waiting += line
    if (this.#isWriting) return
    if (this.#waiting.length >= FULL) this.#writeOut()
    else this.#timer ??= setTimeout(() => this.#writeOut(), PERIOD)
  }

  /** Whether its reader is so far behind that more should wait, where it can. */
  get isBehind(): boolean {
    return this.#waiting.length > MOST_WAITING / 2
  }

  /** Settles when everything is written, or after so many milliseconds. */
  flush(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(cut)
        this.#whenEmpty.delete(end)
        resolve()
      }
      const cut = setTimeout(end, milliseconds)
      this.#whenEmpty.add(end)
      if (!this.#isWriting) this.#writeOut()
    })
  }

  /** For a process that ends without asking: what can be written at once to standard output is. */
  flushNow(): void {
    if (this.#isWriting || this.#waiting === '') return
    try {
      writeSync(1, this.#take())
    } catch {
      // Full, or closed: nobody reads it.
    }
  }

  #take(): string {
    const text = this.#waiting
    this.#waiting = ''
    return text
  }

  #writeOut(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#unsaid > 0) {
      this.#waiting += this.#onDropped(this.#unsaid)
      this.#unsaid = 0
    }
    if (this.#waiting === '') {
      for (const end of this.#whenEmpty) end()
      return
    }
    this.#isWriting = true
    // A reader that is gone makes an error of each write; there is nobody to tell.
    this.#sink.write(this.#take(), () => {
      this.#isWriting = false
      this.#writeOut()
    })
  }
}
