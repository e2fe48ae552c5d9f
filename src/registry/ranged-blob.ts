import type { Digest } from '../oci/digest.ts'
import type { Runtime } from '../runtime.ts'
import type { OpenedSource } from '../transfer/source.ts'
import type { BlobOptions, RepositoryReader } from './reader.ts'

/** How much is asked for in one request; a connection takes a while to become fast. */
const RANGE_BYTES = 8 * 1024 * 1024
/** How many requests go on at once. */
const AT_ONCE = 4
/** Less than this is over before more connections would be of use. */
const LEAST_BYTES = 2 * RANGE_BYTES
/** From so many milliseconds to the first byte on, a registry is far: one connection waits for it most of the time. */
const FAR = 25

/** How far a registry is, by how long it took to answer for blobs. */
export class RegistryDistance {
  #nearest: number | undefined

  /** Whether several connections at once bring more than one. */
  get isFar(): boolean {
    return (this.#nearest ?? 0) >= FAR
  }

  /** The fastest answer says how far it is; slower ones may have waited for something else. */
  note(milliseconds: number): void {
    this.#nearest = Math.min(milliseconds, this.#nearest ?? Number.POSITIVE_INFINITY)
  }
}

/** A blob of a known size, in a repository that is asked for it. */
export interface RangedBlob {
  readonly repository: Pick<RepositoryReader, 'blob'>
  readonly digest: Digest
  readonly size: number
  readonly distance: RegistryDistance
  readonly runtime: Pick<Runtime, 'now'>
}

/**
 * Opens a blob from `start` on: of a large one at a far registry, several ranges at once, given in their order. What
 * comes of the later ones meanwhile waits in the system's buffers, not in ours. A registry that knows no ranges gives all
 * of it in one answer.
 */
export async function openRanged(
  blob: RangedBlob,
  start: number,
  signal: AbortSignal,
  options: Pick<BlobOptions, 'lend'> = {},
): Promise<OpenedSource | undefined> {
  const { repository, digest, size, distance, runtime } = blob
  const ranged = distance.isFar && size - start >= LEAST_BYTES
  const end = ranged ? start + RANGE_BYTES : undefined
  const askedAt = runtime.now()
  const first = await repository.blob(digest, {
    start,
    signal,
    ...options,
    ...(end !== undefined && { end }),
  })
  distance.note(runtime.now() - askedAt)
  if (end === undefined || first === undefined || first.start !== start || first.size !== size) return first
  return { start, size, body: new Ranges({ ...blob, ...options, signal }, end, first.body).stream() }
}

type Body = ReadableStream<Uint8Array>
type OpenedRanges = RangedBlob & Pick<BlobOptions, 'lend'> & { readonly signal: AbortSignal }

/** The ranges of one blob: those ahead have been asked for when the one before is read. */
class Ranges {
  readonly #blob: OpenedRanges
  readonly #ahead: Promise<Body>[]
  #next: number
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined

  constructor(blob: OpenedRanges, next: number, first: Body) {
    this.#blob = blob
    this.#next = next
    this.#ahead = [Promise.resolve(first)]
    this.#ask()
  }

  stream(): Body {
    return new ReadableStream<Uint8Array>(
      {
        pull: (controller) => this.#pull(controller),
        cancel: (reason) => this.#cancel(reason),
      },
      { highWaterMark: 0 },
    )
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      for (;;) {
        if (this.#reader === undefined) {
          const body = await this.#ahead[0]
          if (body === undefined) {
            controller.close()
            return
          }
          this.#reader = body.getReader()
        }
        const { done, value } = await this.#reader.read()
        if (!done) {
          controller.enqueue(value)
          return
        }
        this.#reader = undefined
        this.#ahead.shift()
        this.#ask()
      }
    } catch (error) {
      await this.#cancel(error)
      throw error
    }
  }

  #ask(): void {
    const { size } = this.#blob
    while (this.#ahead.length < AT_ONCE && this.#next < size) {
      const start = this.#next
      this.#next = Math.min(size, start + RANGE_BYTES)
      const body = this.#open(start, this.#next)
      // Whoever comes to it is told; until then somebody else may have failed.
      body.catch(() => {})
      this.#ahead.push(body)
    }
  }

  async #open(start: number, end: number): Promise<Body> {
    const { repository, digest, signal, lend } = this.#blob
    const opened = await repository.blob(digest, { start, end, signal, ...(lend && { lend }) })
    if (opened?.start === start) return opened.body
    await opened?.body.cancel()
    throw new Error(`the registry gives no range of ${digest} any more`)
  }

  async #cancel(reason: unknown): Promise<void> {
    const [current, ...others] = this.#ahead.splice(0)
    this.#next = this.#blob.size
    const bodies = this.#reader === undefined ? [current, ...others] : others
    await Promise.all([
      this.#reader?.cancel(reason).catch(() => {}),
      ...bodies.map((body) => body?.then((each) => each.cancel(reason)).catch(() => {})),
    ])
  }
}
