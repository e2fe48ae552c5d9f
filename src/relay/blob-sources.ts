import { PortolanError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import type { Name } from '../oci/name.ts'
import type { Backend } from '../routing/backend.ts'
import type { NextSource, OpenedSource, Source, SourceFailure } from '../transfer/source.ts'
import { watchStream } from '../transport/watch-body.ts'
import { asPortolanError } from './ask-in-turn.ts'
import type { BackendAccess, BlobPart } from './backend-access.ts'
import { peek } from './peek.ts'
import type { UpstreamRests } from './upstream-rests.ts'

/** How much is looked at of what comes without a length, in bytes: more than a page has that says that one must log in. */
const PEEK_BYTES = 64 * 1024

export interface BlobSourcesParts {
  readonly access: BackendAccess
  readonly rests: UpstreamRests
  readonly name: Name
  readonly digest: Digest
  /** Bytes of the blob. */
  readonly size: number
}

/** A backend as something to get one blob from, or a part of it. */
export interface BlobSource extends Source {
  readonly backend: Backend
  /** As {@link Source.open}, and no further than `end`. */
  openPart(part: BlobPart): Promise<OpenedSource | undefined>
}

/**
 * The backends that a blob is had from, one after the other: the next one when one breaks off. One that would not even
 * begin, or gave what cannot be the blob, is asked no more. One of these belongs to one download.
 */
export class BlobSources {
  /** Resolves as soon as one of them begins to give it. */
  readonly begun: Promise<void>
  readonly #parts: BlobSourcesParts
  readonly #announce: () => void
  #left: readonly BlobSource[]
  readonly #begun = new Set<Backend>()
  /** Those that gave nothing new the last time. */
  readonly #barren = new Set<Backend>()
  /** Why the others gave nothing; `undefined` for those that have no such blob. */
  readonly #refusals: (PortolanError | undefined)[] = []

  /** `backends` are asked in this order. */
  constructor(backends: readonly Backend[], parts: BlobSourcesParts) {
    this.#parts = parts
    this.#left = backends.map((backend) => this.#sourceOf(backend))
    const { promise, resolve } = Promise.withResolvers<void>()
    this.begun = promise
    this.#announce = resolve
  }

  /** Those that gave any of it. */
  get givers(): ReadonlySet<Backend> {
    return this.#begun
  }

  /** Whether all that was asked said that there is no such blob. */
  get isAbsent(): boolean {
    return this.#refusals.length > 0 && this.#refusals.every((refusal) => refusal === undefined)
  }

  /** The first error that kept any from giving it. */
  get error(): PortolanError | undefined {
    return this.#refusals.find((refusal) => refusal !== undefined)
  }

  /** The source to go on with. */
  readonly next: NextSource = (failure) => this.after(failure)

  /** The same, as what it is. */
  after(failure?: SourceFailure): BlobSource | undefined {
    if (failure === undefined) return this.#left[0]
    const at = (this.#left as readonly Source[]).indexOf(failure.source)
    const source = this.#left[at]
    if (source === undefined) return this.#left[0]
    const mayGoOn = this.#begun.has(source.backend) && !this.#barren.has(source.backend)
    if (failure.passing && mayGoOn) return this.#left[at + 1] ?? this.#left[0]
    this.#left = this.#left.toSpliced(at, 1)
    return this.#left[at] ?? this.#left[0]
  }

  #sourceOf(backend: Backend): BlobSource {
    return {
      backend,
      location: backend.id,
      open: (start, signal) => this.#open(backend, { start, signal }),
      openPart: (part) => this.#open(backend, part),
    }
  }

  async #open(backend: Backend, part: BlobPart): Promise<OpenedSource | undefined> {
    const { access, rests, name, digest } = this.#parts
    try {
      rests.check(backend.id)
      const opened = await checked(await access.blob(backend, name, digest, part), backend, this.#parts, part)
      rests.answered(backend.id)
      if (opened === undefined) this.#refusals.push(undefined)
      else {
        this.#begun.add(backend)
        this.#barren.add(backend)
        this.#announce()
      }
      return opened && this.#watched(opened, backend, part)
    } catch (error) {
      if (part.signal.aborted) throw error
      rests.note(backend.id, error)
      this.#refusals.push(asPortolanError(error))
      throw error
    }
  }

  /** Notices when more comes than whoever asked for it has. */
  #watched({ body, ...opened }: OpenedSource, backend: Backend, { start }: BlobPart): OpenedSource {
    let position = opened.start
    const watched = watchStream(body, {
      read: async (read) => {
        const result = await read()
        position += result.value?.length ?? 0
        if (position > start) this.#barren.delete(backend)
        return result
      },
    })
    return { ...opened, body: watched }
  }
}

/**
 * What was opened, unless it can be seen at once that it is not the blob. Where nobody says how long it is, that takes a
 * look at its beginning: pages of portals and proxies come without a length, and end soon.
 */
async function checked(
  opened: OpenedSource | undefined,
  backend: Backend,
  { digest, size }: BlobSourcesParts,
  { end = size }: BlobPart,
): Promise<OpenedSource | undefined> {
  if (opened === undefined) return undefined
  if (opened.size !== undefined) {
    if (opened.size === size) return opened
    await opened.body.cancel()
    throw otherSize(backend, digest, `${opened.size}`, size)
  }
  const begun = await peek(opened.body, PEEK_BYTES)
  const wanted = end - opened.start
  if (begun.isWhole && begun.length < wanted) {
    throw otherSize(backend, digest, `at most ${opened.start + begun.length}`, size)
  }
  return { ...opened, body: begun.body }
}

function otherSize({ id }: Backend, digest: Digest, actual: string, expected: number): PortolanError {
  const message = `${id} has ${actual} bytes under ${digest}, which has ${expected}`
  return new PortolanError('CONTENT_INVALID', message, { digest, source: id, actual, expected })
}
