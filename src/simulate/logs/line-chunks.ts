import { LINE_MAX } from './read-chunk.ts'

/** So many bytes, and the rest of the line that they end in, are read at once. */
const CHUNK = 512 * 1024
/** In bytes: so long that it has more characters than a line may have, whatever they are. */
const HOPELESS = 4 * LINE_MAX

const NEWLINE = 0x0a

/** Whole lines of a log, without the last end of line. */
export interface LineChunk {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** How many lines that are too long to be kept stood right before these. */
  readonly tooLong: number
}

/** Cuts what comes in pieces of any length into chunks of whole lines, and holds no more than one chunk and one line. */
export class LineChunks {
  #parts: Uint8Array[] = []
  #length = 0
  /** Where the last whole line ends that is in the parts. */
  #whole = 0
  #skipping = false
  #tooLong = 0

  /** Gives what is left, whether or not its last line has an end. */
  end(): LineChunk | undefined {
    return this.#length > 0 || this.#tooLong > 0 ? this.#take(this.#length) : undefined
  }

  /** Gives what is complete with this piece. */
  *push(piece: Uint8Array): Generator<LineChunk> {
    let rest = piece
    while (rest.length > 0) {
      if (this.#skipping) {
        const end = rest.indexOf(NEWLINE)
        if (end < 0) return
        this.#skipping = false
        rest = rest.subarray(end + 1)
        continue
      }
      const part = rest.subarray(0, CHUNK)
      rest = rest.subarray(part.length)
      const last = part.lastIndexOf(NEWLINE)
      if (last >= 0) this.#whole = this.#length + last + 1
      this.#parts.push(part)
      this.#length += part.length
      if (this.#whole >= CHUNK) yield this.#take(this.#whole)
      if (this.#length - this.#whole > HOPELESS) {
        // What is before it goes first, and it itself nowhere.
        const skipped = this.#length
        if (this.#whole > 0) yield this.#take(this.#whole)
        this.#drop()
        this.#skipping = skipped > 0
        this.#tooLong++
      }
    }
  }

  #take(length: number): LineChunk {
    const all = new Uint8Array(this.#length)
    let at = 0
    for (const part of this.#parts) {
      all.set(part, at)
      at += part.length
    }
    const bytes = all.slice(0, length)
    const { length: rest } = all
    const tooLong = this.#tooLong
    this.#drop()
    this.#tooLong = 0
    if (rest > length) {
      this.#parts = [all.subarray(length)]
      this.#length = rest - length
    }
    return { bytes, tooLong }
  }

  #drop(): void {
    this.#parts = []
    this.#length = 0
    this.#whole = 0
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const COMMA = 0x2c
const BLANK = 0x20

/**
 * Makes lines of a JSON list of objects, as tools of clouds print one: an object a line, and nothing of the list around
 * them. What else stands between them stays as it is.
 */
export class ListToLines {
  #depth = 0
  #inString = false
  #escaped = false

  /** Changes the piece itself. */
  push(piece: Uint8Array): Uint8Array {
    for (let at = 0; at < piece.length; at++)
      piece[at] = this.#depth === 0 ? this.#between(piece[at]!) : this.#within(piece[at]!)
    return piece
  }

  #between(byte: number): number {
    if (byte === OPEN) this.#depth = 1
    if (byte === COMMA) return NEWLINE
    return byte === OPEN_LIST || byte === CLOSE_LIST || byte === NEWLINE ? BLANK : byte
  }

  #within(byte: number): number {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false
      else if (byte === BACKSLASH) this.#escaped = true
      else if (byte === QUOTE) this.#inString = false
    } else if (byte === QUOTE) this.#inString = true
    else if (byte === OPEN) this.#depth++
    else if (byte === CLOSE) this.#depth--
    return byte === NEWLINE ? BLANK : byte
  }
}

/** Whether a text is the beginning of a JSON list, and not of lines. */
export function isList(beginning: Uint8Array): boolean {
  const first = beginning.find((byte) => byte > BLANK)
  return first === OPEN_LIST
}
