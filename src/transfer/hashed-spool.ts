import { type Digest, digestAlgorithm } from '../oci/digest.ts'
import type { Hash, HashAlgorithm, Runtime } from '../runtime.ts'
import type { Spool } from './spool.ts'

const REHASH_BYTES = 1024 * 1024

/** When the bytes of a spool are hashed: as they come, or as they lie there at the end. */
export type HashMoment = 'coming' | 'lying'

/** A spool whose bytes are hashed, and followed by those who wait for more of them. */
export class HashedSpool {
  readonly #spool: Spool
  readonly #algorithm: HashAlgorithm
  readonly #hash: Hash
  readonly #moment: HashMoment
  #moved = Promise.withResolvers<void>()
  #isAwaited = false
  #broken: { readonly error: unknown } | undefined

  /** Hashes by the algorithm of a digest, which must be one that can be verified. */
  constructor(
    runtime: Pick<Runtime, 'createHash'>,
    digest: Digest,
    spool: Spool,
    moment: HashMoment = 'coming',
  ) {
    this.#spool = spool
    this.#moment = moment
    this.#algorithm = digestAlgorithm(digest) as HashAlgorithm
    this.#hash = runtime.createHash(this.#algorithm)
  }

  get length(): number {
    return this.#spool.length
  }

  /** Hashes what was in the spool before; to be awaited before anything comes on top of it. */
  async hashExisting(stop: AbortSignal): Promise<void> {
    if (this.#moment === 'coming') await this.#hashAll(stop)
  }

  async #hashAll(stop: AbortSignal): Promise<void> {
    const { length } = this.#spool
    const buffer = new Uint8Array(Math.min(REHASH_BYTES, length))
    for (let position = 0; position < length; position += REHASH_BYTES) {
      stop.throwIfAborted()
      const end = Math.min(length, position + REHASH_BYTES)
      this.#hash.update(await this.#spool.read(position, end, buffer))
    }
  }

  async append(bytes: Uint8Array): Promise<void> {
    if (this.#moment === 'coming') this.#hash.update(bytes)
    try {
      await this.#spool.append(bytes)
    } catch (error) {
      this.#broken = { error }
      throw error
    }
    this.wake()
  }

  /** Whether somebody waits for more than there is. */
  get isAwaited(): boolean {
    return this.#isAwaited
  }

  /** Whether an error is one of the spool itself: no other source will help. */
  isOwn(error: unknown): boolean {
    return this.#broken !== undefined && this.#broken.error === error
  }

  /** Resolves when more has come, or when nothing more will. */
  moved(): Promise<void> {
    this.#isAwaited = true
    return this.#moved.promise
  }

  /** Lets those who wait look again. */
  wake(): void {
    this.#isAwaited = false
    this.#moved.resolve()
    this.#moved = Promise.withResolvers()
  }

  /** Ends the hash; the digest of all that came. */
  async digest(stop: AbortSignal): Promise<Digest> {
    if (this.#moment === 'lying') await this.#hashAll(stop)
    return `${this.#algorithm}:${this.#hash.hex()}` as Digest
  }

  /** The first bytes, to see what came instead of a blob. */
  start(bytes: number): Promise<Uint8Array> {
    return this.#spool.read(0, bytes)
  }
}
