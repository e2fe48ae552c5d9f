import type { Backend } from '../routing/backend.ts'
import { parseRange } from './byte-range.ts'
import type { Exchange } from './door.ts'
import type { Policy } from './in-force.ts'

/** How sure it is how long a content is: an inventory lists it, a store has told it, it is taken to be as long as others, or nobody knows. */
export const SIZES_KNOWN = ['listed', 'probed', 'estimated', 'unknown'] as const
export type SizeKnown = (typeof SIZES_KNOWN)[number]

/** What a client was sent to a backend for. */
export interface Sent {
  readonly backend: Backend
  /** The id of who pays for that; absent where nobody does. */
  readonly sponsor?: string | undefined
  readonly method: 'GET' | 'HEAD'
  /** As many as the client will take if it takes all that it asked for; 0 as long as nobody knows. */
  readonly bytes: number
  readonly known: SizeKnown
}

/** Is told of an answered request, and of what the client was sent to a backend for. */
export type Observe = (exchange: Exchange, sent: Sent | undefined) => void

/** From so many on, what is not known is taken to be as long as what is. */
const SAMPLE_MIN = 100

type SizedPolicy = Pick<Policy, 'payers'> & { readonly backends: Pick<Policy['backends'], 'sizeOf'> }

/** Tells how many bytes clients are sent to backends for. */
export class SentBytes {
  readonly #policy: () => SizedPolicy
  /** Of those whose size was known. */
  readonly #samples = { blob: { count: 0, bytes: 0 }, manifest: { count: 0, bytes: 0 } }

  constructor(policy: () => SizedPolicy) {
    this.#policy = policy
  }

  /**
   * What an answered request comes to for the backend that it was sent to; `undefined` where none was. A `HEAD` has no
   * body. A `Range` counts as its header says, to the end where it names none, though a client may hang up before; its
   * `If-Range` is taken to hold, since what a digest names does not change.
   */
  of({ decision, oci, request }: Pick<Exchange, 'decision' | 'oci' | 'request'>): Sent | undefined {
    if (decision?.kind !== 'redirect' || oci === undefined) return undefined
    const { backends, payers } = this.#policy()
    const { backend } = decision
    const sponsor = payers.get(backend)?.id
    if (request.method === 'HEAD') return { backend, sponsor, method: 'HEAD', bytes: 0, known: 'listed' }
    if (oci.kind !== 'blob' && oci.kind !== 'manifest') {
      return { backend, sponsor, method: 'GET', bytes: 0, known: 'unknown' }
    }
    const range = oci.kind === 'blob' ? request.header('range') : undefined
    const found = backends.sizeOf(backend, oci)
    const sample = this.#samples[oci.kind]
    if (found === undefined) return { backend, sponsor, method: 'GET', ...estimate(sample, range) }
    const { size, known } = found
    sample.count++
    sample.bytes += size
    return { backend, sponsor, method: 'GET', bytes: lengthOf(range, size), known }
  }
}

function estimate(
  { count, bytes }: { count: number; bytes: number },
  range: string | undefined,
): Pick<Sent, 'bytes' | 'known'> {
  const asked = lengthOf(range, Number.POSITIVE_INFINITY)
  if (Number.isSafeInteger(asked)) return { bytes: asked, known: 'estimated' }
  return count < SAMPLE_MIN
    ? { bytes: 0, known: 'unknown' }
    : { bytes: Math.round(bytes / count), known: 'estimated' }
}

function lengthOf(header: string | undefined, size: number): number {
  if (header === undefined) return size
  const range = parseRange(header, size)
  if (range === undefined) return size
  return range === 'unsatisfiable' ? 0 : range.end - range.start
}
