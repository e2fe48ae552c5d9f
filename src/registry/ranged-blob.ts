import { PortolanError } from '../errors.ts'
import { reasonOf } from '../transport/reason.ts'
import type { Asker } from './ask.ts'
import { readContentRange } from './blob.ts'
import type { RegistryQuestion } from './question.ts'
import type { OpenedBlob } from './reader.ts'

/** How much is asked for in one request, and so in memory for each. */
const RANGE_BYTES = 4 * 1024 * 1024
/** How many requests for one blob go on at once. */
const AT_ONCE = 4
/** Less than this is over before more connections would be of use. */
const LEAST_BYTES = 4 * RANGE_BYTES

/** What the blobs of one registry share. */
export interface RangeState {
  /** One comes in ranges: others are streams beside it meanwhile, which bounds the memory. */
  isTaken: boolean
  /** False once the registry has answered otherwise than by the range that it was asked for. */
  heedsRanges: boolean
}

/** What is left of a blob, of which the size is known. */
export interface BlobRest {
  readonly start: number
  /** Of all of it. */
  readonly size: number
}

/**
 * Opens what is left of a large blob as several ranges at once, over connections that are kept, given in their order: a
 * connection brings no more than its window in each round trip, and so little from afar. `undefined` where that is of no
 * use, or where the registry gives no ranges: it is then to be had by one answer. Its body rejects with `UNREACHABLE` as soon
 * as a range is not what was asked for, when all before it was given.
 */
export async function openRanged(
  asker: Asker,
  question: RegistryQuestion,
  rest: BlobRest,
  state: RangeState,
): Promise<OpenedBlob | undefined> {
  const { start, size } = rest
  if (state.isTaken || !state.heedsRanges || size - start < LEAST_BYTES) return undefined
  state.isTaken = true
  const reading = new RangedReading(asker, question, rest, () => {
    state.isTaken = false
  })
  try {
    await reading.begin()
    return { start, size, body: reading.stream() }
  } catch (error) {
    reading.end()
    if (question.signal?.aborted) throw question.signal.reason
    if (!(error instanceof OtherAnswer)) throw error
    if (error.status === 200 || error.status === 206 || error.status === 416) state.heedsRanges = false
    return undefined
  }
}

/** An answer that is not the range that was asked for. */
class OtherAnswer extends Error {
  readonly status: number

  constructor(status: number) {
    super(`a range was answered with ${status}, or is another one`)
    this.status = status
  }
}

/** A range on its way; what came of it lies at the beginning of its memory. */
interface Range {
  readonly start: number
  readonly length: number
  readonly memory: Uint8Array
  filled: number
  /** So many bytes of it were given. */
  given: number
  failure?: { readonly error: unknown }
  moved: PromiseWithResolvers<void>
}

class RangedReading {
  readonly #asker: Asker
  readonly #question: RegistryQuestion
  readonly #size: number
  readonly #onEnd: () => void
  readonly #stop = new AbortController()
  /** In their order; the first is read. */
  readonly #ranges: Range[] = []
  readonly #spare: Uint8Array[] = []
  #next: number
  #isOver = false

  constructor(asker: Asker, question: RegistryQuestion, { start, size }: BlobRest, onEnd: () => void) {
    const { signal } = question
    const { signal: stop } = this.#stop
    this.#asker = asker
    this.#question = { ...question, signal: signal === undefined ? stop : AbortSignal.any([signal, stop]) }
    this.#size = size
    this.#onEnd = onEnd
    this.#next = start
  }

  /** Asks for the first range, and for others once that has come to be one. */
  async begin(): Promise<void> {
    const first = this.#add()
    const body = await this.#open(first)
    void this.#fill(first, body)
    this.#ask()
  }

  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        pull: (controller) => this.#pull(controller),
        cancel: () => this.end(),
      },
      { highWaterMark: 0 },
    )
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stop.abort(new Error('nobody wants it any more'))
    this.#ranges.length = 0
    this.#spare.length = 0
    this.#onEnd()
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    for (;;) {
      const [range] = this.#ranges
      if (range === undefined) return controller.close()
      const { failure, memory, filled, given, length, moved } = range
      if (filled > given) {
        range.given = filled
        return controller.enqueue(memory.subarray(given, filled))
      }
      if (given === length) {
        this.#finish()
      } else if (failure !== undefined) {
        this.end()
        const { signal, what, facts } = this.#question
        if (signal?.aborted && signal.reason === failure.error) throw failure.error
        throw new PortolanError('UNREACHABLE', `${what} broke off: ${reasonOf(failure.error)}`, facts)
      } else {
        await moved.promise
      }
    }
  }

  /** The first range was given: whoever had the last piece of it is back for more. */
  #finish(): void {
    const { memory } = this.#ranges.shift()!
    this.#spare.push(memory)
    if (this.#ranges.length === 0 && this.#next >= this.#size) this.end()
    else this.#ask()
  }

  #ask(): void {
    while (this.#next < this.#size && this.#ranges.length < AT_ONCE) void this.#fill(this.#add())
  }

  #add(): Range {
    const start = this.#next
    const length = Math.min(RANGE_BYTES, this.#size - start)
    const memory = this.#spare.pop() ?? new Uint8Array(RANGE_BYTES)
    const range: Range = { start, length, memory, filled: 0, given: 0, moved: Promise.withResolvers() }
    this.#ranges.push(range)
    this.#next += length
    return range
  }

  async #open({ start, length }: Range): Promise<ReadableStream<Uint8Array>> {
    const headers = { Range: `bytes=${start}-${start + length - 1}` }
    const response = await this.#asker.ask({ ...this.#question, headers })
    const range = response.status === 206 ? readContentRange(response) : undefined
    const isIt = range?.first === start && range.last === start + length - 1 && range.size === this.#size
    if (isIt && response.body !== null) return response.body
    await response.body?.cancel()
    throw new OtherAnswer(response.status)
  }

  /** Never rejects: whoever comes to the range is told. */
  async #fill(range: Range, begun?: ReadableStream<Uint8Array>): Promise<void> {
    const move = () => {
      range.moved.resolve()
      range.moved = Promise.withResolvers()
    }
    try {
      const body = begun ?? (await this.#open(range))
      for await (const bytes of body) {
        // Memory that somebody else may have by now.
        if (this.#isOver) return
        if (range.filled + bytes.length > range.length) throw new Error('a range is longer than it says')
        range.memory.set(bytes, range.filled)
        range.filled += bytes.length
        move()
      }
      if (range.filled < range.length) throw new Error('a range ended early')
    } catch (error) {
      range.failure = { error }
    } finally {
      move()
    }
  }
}
