import { closeSync, constants, openSync, readSync } from 'node:fs'

/** What is known of a file after it was searched through. */
export type Searched =
  | { readonly kind: 'none' }
  | { readonly kind: 'binary' }
  /** It holds one of the hints and is too long to be parsed. */
  | { readonly kind: 'too-long' }
  | { readonly kind: 'hit'; readonly text: string }

/** Longer files are searched through, piece by piece, but not parsed. */
export const TEXT_BYTES_MAX = 8 * 1024 * 1024
/** git and grep tell binary files by a NUL near the beginning, too. */
const BINARY_BYTES = 8000

/**
 * Looks for any of some texts, in whatever case, in files. All of it happens in one buffer of a fixed size; only a file
 * that holds one of them is decoded.
 */
export class FileSearch {
  readonly #hints: readonly string[]
  readonly #anchors: readonly string[]
  readonly #overlap: number
  readonly #buffer: Buffer

  constructor(hints: readonly string[]) {
    const lower = [...new Set(hints.map((hint) => hint.toLowerCase()))]
    // What holds a hint that another one is part of holds that one as well.
    this.#hints = lower.filter((hint) => !lower.some((other) => other !== hint && hint.includes(other)))
    this.#anchors = anchorsOf(this.#hints)
    this.#overlap = Math.max(1, ...lower.map((hint) => hint.length))
    this.#buffer = Buffer.allocUnsafeSlow(TEXT_BYTES_MAX + 1)
  }

  /** Searches a file through. Throws what the system says when it cannot be read. */
  search(path: string): Searched {
    // Without NONBLOCK, a file that became a named pipe since it was listed would be waited for for ever.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const length = this.#fill(file, 0)
      if (this.#buffer.subarray(0, Math.min(length, BINARY_BYTES)).includes(0)) return { kind: 'binary' }
      if (length <= TEXT_BYTES_MAX) return this.#searchText(this.#buffer.subarray(0, length))
      return this.#holdsHint(length) || this.#restHoldsHint(file, length)
        ? { kind: 'too-long' }
        : { kind: 'none' }
    } finally {
      closeSync(file)
    }
  }

  /** Searches through content that is in memory, such as that of standard input. */
  searchBytes(bytes: Buffer): Searched {
    return bytes.subarray(0, BINARY_BYTES).includes(0) ? { kind: 'binary' } : this.#searchText(bytes)
  }

  #searchText(bytes: Buffer): Searched {
    if (!this.#isIn(bytes.toString('latin1'))) return { kind: 'none' }
    // A byte order mark stays, so that offsets are those of the file.
    return { kind: 'hit', text: bytes.toString() }
  }

  /** Reads from `at` on until the buffer is full or the file ends; gives how much the buffer holds. */
  #fill(file: number, at: number): number {
    let length = at
    while (length < this.#buffer.length) {
      const read = readSync(file, this.#buffer, length, this.#buffer.length - length, null)
      if (read === 0) break
      length += read
    }
    return length
  }

  #restHoldsHint(file: number, first: number): boolean {
    for (let length = first; length === this.#buffer.length; ) {
      this.#buffer.copyWithin(0, length - this.#overlap, length)
      length = this.#fill(file, this.#overlap)
      if (this.#holdsHint(length)) return true
    }
    return false
  }

  #holdsHint(length: number): boolean {
    return this.#isIn(this.#buffer.toString('latin1', 0, length))
  }

  #isIn(text: string): boolean {
    const lower = text.toLowerCase()
    return (
      this.#anchors.some((anchor) => lower.includes(anchor)) &&
      this.#hints.some((hint) => lower.includes(hint))
    )
  }
}

const ANCHOR_LENGTH = 3

/**
 * As few texts as will do, of which every hint holds one: what has none of these is searched through fewer times. A
 * hint that shares nothing is its own.
 */
function anchorsOf(hints: readonly string[]): string[] {
  const anchors: string[] = []
  for (let left = [...hints]; left.length > 0; ) {
    const pieces = left.flatMap((hint) =>
      Array.from({ length: Math.max(1, hint.length - ANCHOR_LENGTH + 1) }, (_, at) =>
        hint.slice(at, at + ANCHOR_LENGTH),
      ),
    )
    const holders = (piece: string) => left.filter((hint) => hint.includes(piece))
    const best = pieces.reduce((one, other) => (holders(other).length > holders(one).length ? other : one))
    const shared = holders(best)
    anchors.push(shared.length > 1 ? best : shared[0]!)
    left = left.filter((hint) => !shared.includes(hint))
  }
  return anchors
}
