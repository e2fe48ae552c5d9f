import type { ContentCache, Fill, HeldContent } from '../cache/content-cache.ts'
import { PortolanError } from '../errors.ts'
import type { FilePart } from '../internal/file-part.ts'
import { type Digest, isVerifiable } from '../oci/digest.ts'
import type { Backend } from '../routing/backend.ts'
import type { Runtime } from '../runtime.ts'
import { isPassing, isWrong } from '../transfer/transfer-error.ts'
import type { BackendAccess, RelayedRequest } from './backend-access.ts'
import { BlobSources } from './blob-sources.ts'
import { streamOf } from './blob-stream.ts'
import { FailedBlobs } from './failed-blobs.ts'
import { filledPart } from './filled-part.ts'
import { pass } from './passage.ts'
import type { UpstreamRests } from './upstream-rests.ts'

export interface BlobsParts {
  readonly runtime: Runtime
  /** Absent where nothing is kept. */
  readonly cache: ContentCache | undefined
  readonly access: BackendAccess
  readonly rests: UpstreamRests
  /** Makes a part of what the cache has open, for an answer. */
  readonly partOf: (content: HeldContent, part: PartRange) => FilePart
  /** Told of bytes that came from backends and are not kept. */
  readonly onPassed: (bytes: number) => void
  /** Told of a blob when what came is not that, or not as long as it is said to be. */
  readonly onWrong: (request: RelayedRequest, digest: Digest) => void
}

/** From `start` up to, not including, `end`, in bytes. */
export interface PartRange {
  readonly start: number
  readonly end: number
}

/** A blob that is wanted, or a part of it. */
export interface WantedPart extends PartRange {
  readonly digest: Digest
  /** Bytes of the whole blob. */
  readonly size: number
}

/** A blob on its way to a client. */
export interface RelayedBlob {
  readonly body: ReadableStream<Uint8Array> | FilePart
  /** From the disk, from a fill that is under way or was begun, or from a backend alone. */
  readonly cache: 'hit' | 'miss' | 'pass'
  /** Who gives it; absent where it is at hand. */
  readonly backend?: Backend
}

/** So far before a part is there it is worth to wait for, in bytes: a second at 8 MB/s, and less than what it costs to ask. */
const NEAR = 8 * 1024 * 1024
/**
 * The same of parts without an end, since whoever asks for these reads a piece of them and hangs up: containerd asks for
 * dozens of a blob, 8 MiB apart, and has use for none of them before those in front of it are there.
 */
const NEAR_WITHOUT_END = 256 * 1024 * 1024

/** So many clients may be given what is not kept at once, or wait for it: each costs a request, and on Bun 1.5 MB. */
const PASSAGES_MAX = 512
/** For how long a client that is one too many should wait, in seconds. */
const RETRY_AFTER = '5'

/** Blobs: from the disk, from the one download that goes on, or straight from backends. */
export class Blobs {
  readonly #parts: BlobsParts
  readonly #failed: FailedBlobs
  /** Where the fills that were begun here are had from. */
  readonly #sources = new WeakMap<Fill, BlobSources>()
  /** What ends each of those that go on without the cache; clients that hung up may still wait for their first byte. */
  readonly #passages = new Set<AbortController>()

  constructor(parts: BlobsParts) {
    this.#parts = parts
    this.#failed = new FailedBlobs(parts.runtime)
  }

  /** Bytes of a blob that is kept. */
  sizeOf(digest: Digest): number | undefined {
    return this.#parts.cache?.stat(digest)?.size
  }

  /**
   * Opens a blob that the repository is known to have; `undefined` when nobody has it after all. Resolves as soon as
   * somebody begins to give it. Rejects with the PortolanError of the first that was asked when nobody does.
   */
  async open(request: RelayedRequest, wanted: WantedPart): Promise<RelayedBlob | undefined> {
    const { digest } = wanted
    const held = await this.#parts.cache?.open(digest)
    if (held !== undefined) {
      const { start, end } = wanted
      return { body: this.#parts.partOf(held, { start, end: Math.min(end, held.size) }), cache: 'hit' }
    }
    if (this.#failed.isRefused(digest)) {
      const message = `${digest} broke off or was wrong a moment ago; it is tried again in a few seconds`
      throw new PortolanError('UNREACHABLE', message, { digest })
    }
    const fill = await this.#fillFor(request, wanted)
    return fill === undefined ? this.#pass(request, wanted) : this.#follow(request, wanted, fill)
  }

  /** The fill to follow, which may be begun by this; `undefined` where it is not worth to wait for one. */
  async #fillFor(request: RelayedRequest, wanted: WantedPart): Promise<Fill | undefined> {
    const { cache } = this.#parts
    const { digest, start, end, size } = wanted
    if (cache === undefined || !isVerifiable(digest)) return undefined
    const near = end === size ? NEAR_WITHOUT_END : NEAR
    const isNear = (fill: Fill | undefined) => start - (fill?.position ?? 0) <= near
    const running = cache.filling(digest)
    if (running !== undefined || !isNear(undefined)) return isNear(running) ? running : undefined
    const sources = await this.#sourcesOf(request, wanted)
    // Somebody else may have begun it meanwhile.
    const other = cache.filling(digest)
    if (other !== undefined) return isNear(other) ? other : undefined
    const fill = cache.fill({ digest, size, name: request.name }, sources.next)
    if (fill !== undefined) this.#watch(fill, sources, request, digest)
    return fill
  }

  #watch(fill: Fill, sources: BlobSources, request: RelayedRequest, digest: Digest): void {
    this.#sources.set(fill, sources)
    fill.ended.catch((error) => this.#noteFailure(error, request, digest, sources))
    fill.size.catch(() => {})
  }

  async #sourcesOf({ name, backends }: RelayedRequest, { digest, size }: WantedPart): Promise<BlobSources> {
    const { access, rests } = this.#parts
    const avoided = this.#failed.avoided(digest)
    const all = await backends()
    const inOrder = [...all.filter(({ id }) => !avoided.has(id)), ...all.filter(({ id }) => avoided.has(id))]
    return new BlobSources(inOrder, { access, rests, name, digest, size })
  }

  async #follow(request: RelayedRequest, wanted: WantedPart, fill: Fill): Promise<RelayedBlob | undefined> {
    const sources = this.#sources.get(fill)
    const abort = new AbortController()
    const bytes = this.#followed(request, wanted, fill, abort.signal)
    // Where there is none, the bytes say why.
    const file = await fill.file().catch(() => undefined)
    if (file === undefined) return this.#begin({ bytes, abort, sources, until: fill.ended, cache: 'miss' })
    try {
      if (!(await hasBegun({ first: file.passed(wanted.start), sources, until: fill.ended }))) {
        file.close()
        return undefined
      }
    } catch (error) {
      file.close()
      if (isDelivery(error)) throw error
      return this.#begin({ bytes, abort, sources, until: fill.ended, cache: 'miss' })
    }
    const restOf = (position: number) => this.#rest(request, { ...wanted, start: position }, abort.signal)
    const body = filledPart(file, wanted, {
      stream: () => streamOf(bytes, undefined, abort),
      rest: (position, error) =>
        isDelivery(error) ? undefined : streamOf(restOf(position), undefined, abort),
      onClose: () => abort.abort(),
    })
    return { body, cache: 'miss', ...giverOf(sources) }
  }

  /** What a fill gives, and, when its disk fails, what backends give from there on. */
  async *#followed(
    request: RelayedRequest,
    wanted: WantedPart,
    fill: Fill,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void> {
    const { start, end } = wanted
    let position = start
    try {
      for await (const bytes of fill.read({ start, end, signal })) {
        position += bytes.length
        yield bytes
      }
      return
    } catch (error) {
      signal.throwIfAborted()
      if (isDelivery(error)) throw error
    }
    yield* this.#rest(request, { ...wanted, start: position }, signal)
  }

  /** What backends give, where a disk fails. */
  async *#rest(
    request: RelayedRequest,
    wanted: WantedPart,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void> {
    yield* this.#passed(request, wanted, await this.#sourcesOf(request, wanted), signal)
  }

  async #pass(request: RelayedRequest, wanted: WantedPart): Promise<RelayedBlob | undefined> {
    if (this.#passages.size >= PASSAGES_MAX) throw tooMany(wanted)
    const abort = new AbortController()
    this.#passages.add(abort)
    abort.signal.addEventListener('abort', () => this.#passages.delete(abort), { once: true })
    const sources = await this.#sourcesOf(request, wanted)
    const bytes = this.#passage(request, wanted, sources, abort)
    return this.#begin({ bytes, abort, sources, cache: 'pass' })
  }

  async *#passage(
    request: RelayedRequest,
    wanted: WantedPart,
    sources: BlobSources,
    abort: AbortController,
  ): AsyncGenerator<Uint8Array, void> {
    try {
      yield* this.#passed(request, wanted, sources, abort.signal)
    } finally {
      this.#passages.delete(abort)
    }
  }

  async *#passed(
    request: RelayedRequest,
    wanted: WantedPart,
    sources: BlobSources,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void> {
    const { runtime, onPassed } = this.#parts
    try {
      yield* pass(runtime, { ...wanted, sources, signal, onBytes: onPassed })
    } catch (error) {
      if (!signal.aborted) this.#noteFailure(error, request, wanted.digest, sources)
      throw error
    }
  }

  /** Bytes as a body, once somebody has begun to give them. */
  async #begin({ bytes, abort, sources, until, cache }: Beginning): Promise<RelayedBlob | undefined> {
    const first = bytes.next()
    try {
      if (!(await hasBegun({ first, sources, until }))) {
        abort.abort()
        return undefined
      }
    } catch (error) {
      abort.abort(error)
      throw error
    }
    return { body: streamOf(bytes, first, abort), cache, ...giverOf(sources) }
  }

  #noteFailure(error: unknown, request: RelayedRequest, digest: Digest, sources: BlobSources): void {
    if (isWrong(error)) this.#parts.onWrong(request, digest)
    if (sources.givers.size === 0 || !isDelivery(error)) return
    this.#failed.note(digest, isWrong(error) ? [...sources.givers].map(({ id }) => id) : [])
  }
}

interface Beginning {
  readonly bytes: AsyncGenerator<Uint8Array, void>
  readonly abort: AbortController
  readonly sources: BlobSources | undefined
  /** What ends with the bytes, where there is such a thing. */
  readonly until?: Promise<void>
  readonly cache: RelayedBlob['cache']
}

interface Begun {
  readonly first: Promise<unknown>
  readonly sources: BlobSources | undefined
  readonly until: Promise<void> | undefined
}

/**
 * Waits until somebody has begun to give a blob, so that nothing is promised before; false when nobody has it. Rejects
 * with what the first that was asked has failed with when nobody gives it.
 */
async function hasBegun({ first, sources, until }: Begun): Promise<boolean> {
  // It may fail before anybody reads it, and then whoever does is told.
  first.catch(() => {})
  const ended = until?.catch(async (error) => {
    // Of a disk: backends give what it does not.
    if (isDelivery(error)) throw error
    await first
  })
  try {
    await Promise.race([first, ...(ended ? [ended] : []), ...(sources ? [sources.begun] : [])])
    return true
  } catch (error) {
    if (sources?.isAbsent) return false
    throw sources?.error ?? error
  }
}

function giverOf(sources: BlobSources | undefined): Pick<RelayedBlob, 'backend'> {
  const [backend] = sources?.givers ?? []
  return backend === undefined ? {} : { backend }
}

function tooMany({ digest }: WantedPart): PortolanError {
  const message = 'too many blobs go to clients without being kept already'
  return new PortolanError('UNREACHABLE', message, { digest, retryAfter: RETRY_AFTER })
}

/** Whether it is backends that failed, and not a disk of ours. */
function isDelivery(error: unknown): boolean {
  return isWrong(error) || (isPassing(error) && error instanceof PortolanError)
}
