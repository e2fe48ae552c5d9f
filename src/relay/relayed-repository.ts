import type { LastAnswer, NamedQuestion } from '../cache/content-cache.ts'
import { type Digest, parseDigest } from '../oci/digest.ts'
import type { Descriptor } from '../oci/manifest.ts'
import type { Tag } from '../oci/name.ts'
import type {
  BlobInfo,
  BlobOptions,
  FetchedManifest,
  OpenedBlob,
  RepositoryReader,
  ResolvedManifest,
} from '../registry/reader.ts'
import type { Runtime } from '../runtime.ts'
import { type Asked, askInTurn } from './ask-in-turn.ts'
import type { BackendAccess, RelayedRequest } from './backend-access.ts'
import type { Blobs } from './blobs.ts'
import type { Links } from './links.ts'
import type { Manifests } from './manifests.ts'
import type { SmallContents } from './memory-contents.ts'
import type { NamedAnswer, NamedAnswers, NewAnswer, StaleCause } from './named-answers.ts'
import { listOf, type Made, referrersOf } from './upstream-lists.ts'
import type { UpstreamRests } from './upstream-rests.ts'

/** How an answer came about. */
export interface Provenance {
  /** From what is kept; from an upstream, and kept; from what is kept, unconfirmed; from a backend alone. */
  readonly cache: 'hit' | 'miss' | 'stale' | 'pass'
  /** Of a stale answer: when the upstream confirmed it last, in milliseconds since 1970, and why it did not now. */
  readonly stale?: { readonly confirmed: number; readonly because: StaleCause }
}

export interface RepositoryParts {
  readonly runtime: Pick<Runtime, 'createHash'>
  readonly contents: SmallContents
  readonly access: BackendAccess
  readonly rests: UpstreamRests
  readonly links: Links
  readonly manifests: Manifests
  readonly answers: NamedAnswers
  readonly blobs: Blobs
  /** Whether there is a cache. */
  readonly keeps: boolean
}

/** Of lists that a mirror keeps as contents of its own making. */
const LIST = 'application/json'

/** A repository as one request to a mirror sees it: read as any other, and asked afterwards how the answer came about. */
export class RelayedRepository implements RepositoryReader {
  readonly location: string
  readonly #request: RelayedRequest
  readonly #parts: RepositoryParts
  #provenance: Provenance | undefined

  constructor(request: RelayedRequest, parts: RepositoryParts) {
    this.#request = request
    this.#parts = parts
    this.location = request.registry
  }

  /** Absent as long as nothing was answered. */
  get provenance(): Provenance | undefined {
    return this.#provenance
  }

  async manifest(reference: Tag | Digest): Promise<FetchedManifest | undefined> {
    const digest = parseDigest(reference)
    return digest === undefined ? this.#byTag(reference as Tag) : this.#byDigest(digest)
  }

  async resolve(tag: Tag): Promise<ResolvedManifest | undefined> {
    return this.#byTag(tag)
  }

  /** None where there is no such repository, too: not every registry tells the two apart. */
  async *tags(): AsyncGenerator<Tag> {
    const list = await this.#list('tags', '', listOf)
    if (list !== undefined) yield* list as readonly Tag[]
  }

  async referrers(subject: Digest): Promise<readonly Descriptor[] | 'unsupported'> {
    const list = await this.#list('referrers', subject, (reader) => referrersOf(reader, subject))
    return list === undefined ? 'unsupported' : (list as readonly Descriptor[])
  }

  async stat(digest: Digest): Promise<BlobInfo | undefined> {
    const { links, blobs } = this.#parts
    const wasKnown = links.known(this.#request, digest) !== undefined
    const found = await links.find(this.#request, digest)
    switch (found.kind) {
      case 'found': {
        this.#note(wasKnown ? 'hit' : 'miss')
        // What was verified is surer than what a manifest says.
        const size = blobs.sizeOf(digest) ?? found.value.size
        return size === undefined ? {} : { size }
      }
      case 'absent':
        return undefined
      case 'failed':
        throw found.error
    }
  }

  async blob(digest: Digest, { start = 0, end }: BlobOptions = {}): Promise<OpenedBlob | undefined> {
    const size = (await this.stat(digest))?.size
    if (size === undefined) return undefined
    const part = { digest, size, start, end: Math.min(end ?? size, size) }
    const opened = await this.#parts.blobs.open(this.#request, part)
    if (opened === undefined) return undefined
    const { body, cache } = opened
    this.#note(cache)
    if (body instanceof ReadableStream) return { start, size, body }
    return {
      start,
      size,
      part: body,
      get body() {
        return body.stream()
      },
    }
  }

  async #byDigest(digest: Digest): Promise<FetchedManifest | undefined> {
    const found = await this.#parts.manifests.get(this.#request, digest)
    switch (found.kind) {
      case 'found':
        this.#note(found.cache)
        return found.value
      case 'absent':
        return undefined
      case 'failed':
        throw found.error
    }
  }

  async #byTag(tag: Tag): Promise<FetchedManifest | undefined> {
    const { links, manifests } = this.#parts
    const answer = await this.#named('tag', tag, async (reader, last) => {
      // HEAD costs nothing at registries that count what is pulled.
      const digest = last && (await reader.resolve(tag))?.digest
      if (last !== undefined && digest === undefined) return undefined
      if (digest !== undefined && digest === last?.digest) return { digest, mediaType: last.mediaType }
      const manifest = (digest && (await reader.manifest(digest))) ?? (await reader.manifest(tag))
      if (manifest !== undefined) await manifests.take(this.#request, manifest)
      return manifest
    })
    if (answer === undefined) return undefined
    const { digest, mediaType, bytes } = answer
    if (bytes !== undefined) {
      // Whoever waited for another one's request has the same repository, and so the same links.
      if (links.known(this.#request, digest) === undefined)
        links.learn(this.#request, { digest, mediaType, bytes }, true)
      return { digest, mediaType, bytes }
    }
    const provenance = this.#provenance
    const manifest = await this.#byDigest(digest)
    this.#provenance = provenance
    return manifest
  }

  /** What a name stands for; notes how that is known. */
  async #named(
    kind: NamedQuestion['kind'],
    of: string,
    ask: (reader: RepositoryReader, last: LastAnswer | undefined) => Promise<Made | undefined>,
  ): Promise<NewAnswer | undefined> {
    const { registry, name, backends } = this.#request
    const { access, rests, answers } = this.#parts
    const named = await answers.get({
      question: { registry, name, kind, of },
      ask: async (last): Promise<Asked<NewAnswer>> =>
        askInTurn(await backends(), rests, async (upstream) => {
          const reader = await access.repository(upstream, name)
          const made = reader && (await ask(reader, last))
          return made && ('list' in made ? this.#keepList(made.list) : made)
        }),
      isQuiet: async () => {
        const [first] = (await backends()).filter(({ kind }) => kind === 'upstream')
        return first !== undefined && rests.isQuiet(first.id)
      },
    })
    return this.#conclude(named)
  }

  #conclude(named: NamedAnswer): NewAnswer | undefined {
    switch (named.kind) {
      case 'absent':
        return undefined
      case 'failed':
        throw named.error
      case 'answer': {
        const { confirmed, because } = named
        this.#note(named.cache, because && { confirmed, because })
        return named.answer
      }
    }
  }

  /** A list as a content of its own. */
  async #keepList(list: readonly unknown[]): Promise<NewAnswer> {
    const { runtime, contents } = this.#parts
    const bytes = new TextEncoder().encode(JSON.stringify(list))
    const hash = runtime.createHash('sha256')
    hash.update(bytes)
    const digest = `sha256:${hash.hex()}` as Digest
    await contents.put(digest, bytes)
    return { digest, mediaType: LIST, bytes }
  }

  async #list(
    kind: NamedQuestion['kind'],
    of: string,
    ask: (reader: RepositoryReader) => Promise<Made | undefined>,
  ): Promise<readonly unknown[] | undefined> {
    const answer = await this.#named(kind, of, ask)
    if (answer === undefined) return undefined
    const { contents } = this.#parts
    const bytes = answer.bytes ?? (await contents.read(answer.digest))
    if (bytes !== undefined) return JSON.parse(new TextDecoder().decode(bytes))
    // It was dropped to make place: what it was is not known any more, and is asked for as if it never had been.
    const { registry, name } = this.#request
    contents.records.setAnswer({ registry, name, kind, of }, undefined)
    const again = (await this.#named(kind, of, ask))?.bytes
    return again && JSON.parse(new TextDecoder().decode(again))
  }

  #note(cache: Provenance['cache'], stale?: Provenance['stale']): void {
    const isKept = this.#parts.keeps || cache !== 'miss'
    this.#provenance = { cache: isKept ? cache : 'pass', ...(stale && { stale }) }
  }
}
