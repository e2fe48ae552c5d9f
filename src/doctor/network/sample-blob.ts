import { type Digest, digestAlgorithm, digestEncoded } from '../../oci/digest.ts'
import type { Fetch, HashAlgorithm } from '../../runtime.ts'
import { type Exchange, type Fault, PullFault } from './facts.ts'
import type { NetworkRuntime } from './in-time.ts'

/** Enough to see how fast it is, and whether large packets pass. */
const SAMPLE_BYTES = 8 * 1024 * 1024
/** How many samples of full length, or of full time, one host is asked for; of small blobs there may be more. */
const HOST_SHARE = 3
/** How long one is read, in milliseconds. */
const SAMPLE_TIME = 10_000

/** Reads blobs from their beginning, as far as is needed to know how the host delivers; of small ones, all. */
export class BlobSampler {
  readonly #fetch: Fetch
  readonly #runtime: NetworkRuntime
  readonly #exchanges: readonly Exchange[]
  /** What the samples of a host have taken, as a share of a full one. */
  readonly #taken = new Map<string, number>()

  /** `exchanges` is where `fetch` notes what it learns. */
  constructor(fetch: Fetch, runtime: NetworkRuntime, exchanges: readonly Exchange[]) {
    this.#fetch = fetch
    this.#runtime = runtime
    this.#exchanges = exchanges
  }

  /** Rejects with a {@link PullFault} where a pull would fail, which the exchange with the fault has too. */
  async sample(url: string, digest: Digest, ranged: Exchange): Promise<void> {
    if ((this.#taken.get(ranged.host) ?? 0) >= HOST_SHARE) return
    try {
      const answer = await this.#fetch(url, { method: 'GET', headers: { Accept: '*/*' } })
      await this.#readSample(answer, digest, this.#exchanges.at(-1)!)
    } catch (error) {
      const fault = error instanceof PullFault ? stalled(error.fault) : undefined
      const last = this.#exchanges.at(-1)!
      // Where the host did not answer at all, that is noted already.
      if (fault !== undefined && last.host === ranged.host && last.port === ranged.port) last.fault = fault
      throw error
    }
  }

  async #readSample(answer: Response, digest: Digest, exchange: Exchange): Promise<void> {
    const { now, createHash } = this.#runtime
    const hash = createHash(digestAlgorithm(digest) as HashAlgorithm)
    const begun = now()
    let bytes = 0
    let whole = false
    const reader = answer.body?.getReader()
    while (reader !== undefined) {
      const { done, value } = await reader.read()
      if (done) {
        whole = true
        break
      }
      bytes += value.length
      hash.update(value)
      if (bytes < SAMPLE_BYTES && now() - begun < SAMPLE_TIME) continue
      await reader.cancel()
      break
    }
    const milliseconds = Math.round(now() - begun)
    exchange.sample = { bytes, milliseconds, whole }
    const share = Math.max(bytes / SAMPLE_BYTES, milliseconds / SAMPLE_TIME)
    this.#taken.set(exchange.host, (this.#taken.get(exchange.host) ?? 0) + share)
    if (whole && hash.hex() !== digestEncoded(digest)) throw new PullFault(otherBytes(answer, bytes))
  }
}

/** What comes in small packets and not in large ones is the sign of an MTU that is too small somewhere on the way. */
function stalled({ cause, detail }: Fault): Fault {
  if (cause !== 'timeout') return { cause, detail }
  return {
    cause,
    detail: `${detail}; a small part of the same blob came before: large packets may not pass (MTU)`,
  }
}

function otherBytes({ headers }: Response, bytes: number): Fault {
  const encoding = headers.get('Content-Encoding')
  const how = encoding === null ? '' : `, sent with Content-Encoding: ${encoding.slice(0, 40)}`
  return { cause: 'wrong-digest', detail: `${bytes} bytes with another digest${how}` }
}
