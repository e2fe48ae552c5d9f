import type { FormatId } from './logs/logged-request.ts'
import { type ReadChunk, SHOWN_MAX, type UnknownLine } from './logs/read-chunk.ts'

/** What stood in a log. */
export interface LogReport {
  /** `-` for standard input. */
  readonly file: string
  /** Absent of a log without a line. */
  readonly format?: FormatId
  readonly lines: number
  readonly requests: number
  /** Requests whose address stands for all of its network, as a door masks it; those shipped twice count twice. */
  readonly masked: number
  /** Requests without an address; those shipped twice count twice. */
  readonly unaddressed: number
  /** Lines that are no requests and belong there, such as headers, or requests that are no pulls. */
  readonly asides: number
  /** Requests that were in the logs before, by their ids. */
  readonly duplicates: number
  /** Lines that could not be read. */
  readonly unknown: number
  /** The first of these. */
  readonly unknownLines: readonly UnknownLine[]
}

/** Adds up what stands in a log, chunk by chunk in their order. */
export class LogTally {
  readonly #file: string
  #format: FormatId | undefined
  #lines = 0
  #requests = 0
  #masked = 0
  #unaddressed = 0
  #asides = 0
  #duplicates = 0
  #unknown = 0
  readonly #shown: UnknownLine[] = []

  constructor(file: string) {
    this.#file = file
  }

  use(format: FormatId): void {
    this.#format = format
  }

  /** Lines that nobody read, before those that are added next. */
  skip(lines: number, why: string): void {
    for (let count = 1; count <= lines && this.#shown.length < SHOWN_MAX; count++)
      this.#shown.push({ line: this.#lines + count, why, text: '' })
    this.#lines += lines
    this.#unknown += lines
  }

  add(chunk: Omit<ReadChunk, 'requests'>, duplicates: number): void {
    const { lines, ids, masked, unaddressed, asides, unknown, shown } = chunk
    for (const { line, why, text } of shown.slice(0, SHOWN_MAX - this.#shown.length))
      this.#shown.push({ line: this.#lines + line, why, text })
    this.#lines += lines
    this.#requests += ids.length - duplicates
    this.#masked += masked
    this.#unaddressed += unaddressed
    this.#asides += asides
    this.#duplicates += duplicates
    this.#unknown += unknown
  }

  get report(): LogReport {
    return {
      file: this.#file,
      ...(this.#format !== undefined && { format: this.#format }),
      lines: this.#lines,
      requests: this.#requests,
      masked: this.#masked,
      unaddressed: this.#unaddressed,
      asides: this.#asides,
      duplicates: this.#duplicates,
      unknown: this.#unknown,
      unknownLines: this.#shown,
    }
  }
}
