import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs'
import { type DecodedText, decodeText } from './text-file.ts'

/** What is known of a file after it was searched through. */
export type Searched =
  | { readonly kind: 'none' }
  | { readonly kind: 'binary' }
  /** It holds one of the hints and is too long to be parsed. */
  | { readonly kind: 'too-long' }
  /** It holds one of the hints in UTF-16. */
  | { readonly kind: 'utf16' }
  | { readonly kind: 'hit'; readonly decoded: DecodedText }

/** Longer files are searched through, piece by piece, but not parsed. */
export const TEXT_BYTES_MAX = 8 * 1024 * 1024
/** So many bytes are enough that what it costs to ask of them at all does not count. */
const BATCH_BYTES = 256 * 1024
/** Without NONBLOCK, a file that became a named pipe since it was listed would be waited for for ever. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK
/** git and grep tell binary files by a NUL near the beginning, too. */
const BINARY_BYTES = 8000

/** One file of several that were searched through together. */
export interface SearchedTogether {
  readonly path: string
  /** Absent of a file that has to be searched through by itself, since it may hold a hint, or could not be read. */
  readonly searched?: Searched
}

/** A file of a batch, and where in the buffer it stands, if it could be read there. */
interface Batched {
  readonly path: string
  readonly start: number
  readonly end: number | undefined
}

const NONE: Searched = { kind: 'none' }

/**
 * Looks for any of some texts, in whatever case, in files. All of it happens in one buffer of a fixed size; only a file
 * that holds one of them is decoded.
 */
export class FileSearch {
  readonly #hints: readonly string[]
  readonly #anchors: readonly Buffer[]
  readonly #overlap: number
  readonly #buffer: Buffer

  constructor(hints: readonly string[]) {
    const lower = [...new Set(hints.map((hint) => hint.toLowerCase()))]
    // What holds a hint that another one is part of holds that one as well.
    this.#hints = lower.filter((hint) => !lower.some((other) => other !== hint && hint.includes(other)))
    this.#anchors = anchorsOf(this.#hints)
      .flatMap(waysToWrite)
      .map((way) => Buffer.from(way, 'latin1'))
    this.#overlap = Math.max(1, ...lower.map((hint) => hint.length))
    this.#buffer = Buffer.allocUnsafeSlow(TEXT_BYTES_MAX + 1)
  }

  /**
   * Searches files through, several at a time: they are read one behind the other and asked of together, which costs
   * hardly more than to ask of one.
   */
  *searchTogether(paths: readonly string[]): Generator<SearchedTogether> {
    let batch: Batched[] = []
    let used = 0
    for (const path of paths) {
      const end = this.#append(path, used)
      batch.push({ path, start: used, end })
      used = end ?? used
      if (used < BATCH_BYTES) continue
      yield* this.#judge(batch, used)
      batch = []
      used = 0
    }
    yield* this.#judge(batch, used)
  }

  /** All of a batch, before the buffer is used again. */
  #judge(batch: readonly Batched[], used: number): SearchedTogether[] {
    const all = this.#buffer.subarray(0, used)
    const areClean = !all.includes(0) && !this.#holdsAnchor(all)
    return batch.map(({ path, start, end }) => {
      if (end === undefined) return { path }
      if (areClean) return { path, searched: NONE }
      const bytes = this.#buffer.subarray(start, end)
      return !isBinary(bytes) && this.#holdsAnchor(bytes)
        ? { path }
        : { path, searched: this.searchBytes(bytes) }
    })
  }

  /** Reads a file behind others; gives where it ends, `undefined` of one that has to be read by itself. */
  #append(path: string, at: number): number | undefined {
    try {
      const file = openSync(path, FLAGS)
      try {
        const end = this.#fill(file, at)
        return end < this.#buffer.length ? end : undefined
      } finally {
        closeSync(file)
      }
    } catch {
      return undefined
    }
  }

  /** Searches a file through. Throws what the system says when it cannot be read. */
  search(path: string): Searched {
    const file = openSync(path, FLAGS)
    try {
      const length = this.#fill(file, 0)
      const bytes = this.#buffer.subarray(0, length)
      if (length <= TEXT_BYTES_MAX) return this.searchBytes(bytes)
      if (isBinary(bytes)) return { kind: 'binary' }
      return this.#holdsHint(bytes) || this.#restHoldsHint(file, length) ? { kind: 'too-long' } : NONE
    } finally {
      closeSync(file)
    }
  }

  /** Searches through content that is in memory, such as that of standard input. */
  searchBytes(bytes: Buffer): Searched {
    if (isBinary(bytes)) {
      const text = utf16Of(bytes)?.toLowerCase()
      return {
        kind: text !== undefined && this.#hints.some((hint) => text.includes(hint)) ? 'utf16' : 'binary',
      }
    }
    // A byte order mark stays, so that offsets are those of the file.
    return this.#holdsHint(bytes) ? { kind: 'hit', decoded: decodeText(bytes) } : NONE
  }

  /** The text of a file that another one refers to; `undefined` when it cannot be had, or is too long to be parsed. */
  read(path: string): string | undefined {
    try {
      const bytes = readFileSync(path)
      return isBinary(bytes) || bytes.length > TEXT_BYTES_MAX ? undefined : decodeText(bytes).text
    } catch {
      return undefined
    }
  }

  /**
   * Reads from `at` on until the buffer is full or the file ends; gives how much the buffer holds. A regular file gives
   * less than is asked for at its end alone (POSIX, `read`), so that one call is enough.
   */
  #fill(file: number, at: number): number {
    return at + readSync(file, this.#buffer, at, this.#buffer.length - at, null)
  }

  #restHoldsHint(file: number, first: number): boolean {
    for (let length = first; length === this.#buffer.length; ) {
      this.#buffer.copyWithin(0, length - this.#overlap, length)
      length = this.#fill(file, this.#overlap)
      if (this.#holdsHint(this.#buffer.subarray(0, length))) return true
    }
    return false
  }

  #holdsHint(bytes: Buffer): boolean {
    if (!this.#holdsAnchor(bytes)) return false
    const lower = bytes.toString('latin1').toLowerCase()
    return this.#hints.some((hint) => lower.includes(hint))
  }

  /** Whether there may be a hint: without an anchor there is none. */
  #holdsAnchor(bytes: Buffer): boolean {
    return this.#anchors.some((anchor) => bytes.includes(anchor))
  }
}

function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, BINARY_BYTES).includes(0)
}

/** What is UTF-16: by its byte order mark, or by zeros in every other place; `undefined` for anything else. */
function utf16Of(bytes: Buffer): string | undefined {
  const sample = bytes.subarray(0, 64)
  const zeros = (odd: number) => sample.filter((byte, index) => byte === 0 && index % 2 === odd).length
  const half = sample.length / 2
  const isLittle = (bytes[0] === 0xff && bytes[1] === 0xfe) || (zeros(1) > half * 0.8 && zeros(0) === 0)
  const isBig = (bytes[0] === 0xfe && bytes[1] === 0xff) || (zeros(0) > half * 0.8 && zeros(1) === 0)
  if (!isLittle && !isBig) return undefined
  return new TextDecoder(isLittle ? 'utf-16le' : 'utf-16be').decode(bytes)
}

const ANCHOR_LENGTH = 3
/** From the rare to the frequent in what people write: a search is as fast as what it begins with is rare. */
const RARE_FIRST = '0123456789zqxjkvbwygfpm-uhcdlrsnioate.'

/**
 * As few short texts as will do, of which every hint holds one: what has none of these, as most files have, is
 * searched through without being decoded. Of equally good ones those are taken that begin with what is rare, and that
 * can be written in few ways.
 */
function anchorsOf(hints: readonly string[]): string[] {
  const anchors: string[] = []
  for (let left = [...hints]; left.length > 0; ) {
    const pieces = left.flatMap((hint) =>
      Array.from({ length: Math.max(1, hint.length - ANCHOR_LENGTH + 1) }, (_, at) =>
        hint.slice(at, at + ANCHOR_LENGTH),
      ),
    )
    const holders = (piece: string) => left.filter((hint) => hint.includes(piece)).length
    const cost = (piece: string) => waysToWrite(piece).length * (1 + RARE_FIRST.indexOf(piece[0]!))
    const isBetter = (one: string, other: string) =>
      holders(one) > holders(other) || (holders(one) === holders(other) && cost(one) < cost(other))
    const anchor = pieces.reduce((best, piece) => (isBetter(piece, best) ? piece : best))
    anchors.push(anchor)
    left = left.filter((hint) => !hint.includes(anchor))
  }
  return anchors
}

/**
 * What to look for to find a text in whatever case: as it is in small letters; anything else has a last capital, and ends
 * with that and what is behind it. `cr.` is `cr.`, or has `Cr.` or `R.`.
 */
function waysToWrite(text: string): string[] {
  const withCapital = [...text].flatMap((char, at) => {
    if (char.toUpperCase() === char) return []
    const end = char.toUpperCase() + text.slice(at + 1)
    // A few letters and digits stand by chance in any hash.
    return end.length > 1 && /[.-]/.test(end)
      ? [end]
      : inEachCase(text.slice(0, at)).map((start) => start + end)
  })
  return [text, ...withCapital]
}

/** `a1b` is `a1b`, `A1b`, `a1B` and `A1B`. */
function inEachCase(text: string): readonly string[] {
  return [...text].reduce<readonly string[]>(
    (before, char) =>
      [...new Set([char, char.toUpperCase()])].flatMap((way) => before.map((start) => start + way)),
    [''],
  )
}
