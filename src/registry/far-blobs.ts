import type { Distances } from '../transport/distance.ts'
import type { Limits } from '../transport/limits.ts'
import type { Asker } from './ask.ts'
import { openBlob } from './blob.ts'
import type { RegistryQuestion } from './question.ts'
import { openRanged, type RangeState } from './ranged-blob.ts'
import type { BlobOptions, OpenedBlob } from './reader.ts'

/** From so many milliseconds to the first byte on, a host is far: one connection waits for it most of the time. */
const FAR = 25
/** Where fewer requests are allowed in a second, ranges would have to wait for their turn: one stream brings more. */
const LEAST_REQUESTS = 20

/** Opens the blobs of one registry, large ones of it in ranges where they come from afar. */
export class FarBlobs {
  readonly #asker: Asker
  readonly #distances: Distances
  readonly #ranges: RangeState = { isTaken: false, heedsRanges: true }
  /** Whoever gave a blob last: the registry itself, or where it redirects to. */
  #host: string
  readonly #mayAsk: boolean

  constructor(
    asker: Asker,
    host: string,
    distances: Distances,
    { requestsPerSecond }: Pick<Limits, 'requestsPerSecond'>,
  ) {
    this.#host = host
    this.#distances = distances
    this.#mayAsk = requestsPerSecond >= LEAST_REQUESTS
    const ask: Asker['ask'] = async (question) => {
      const response = await asker.ask(question)
      this.#host = URL.parse(response.url)?.host ?? this.#host
      return response
    }
    this.#asker = { ...asker, ask }
  }

  async open(question: RegistryQuestion, part: BlobOptions): Promise<OpenedBlob | undefined> {
    const { start = 0, end, size } = part
    if (size !== undefined && end === undefined && this.#isFar) {
      const { lend: _, ...asked } = question
      const ranged = await openRanged(this.#asker, asked, { start, size }, this.#ranges)
      if (ranged !== undefined) return ranged
    }
    return openBlob(this.#asker, question, part)
  }

  get #isFar(): boolean {
    return this.#mayAsk && (this.#distances.of(this.#host) ?? 0) >= FAR
  }
}
