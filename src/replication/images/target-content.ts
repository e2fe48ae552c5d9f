import { PortolanError } from '../../errors.ts'
import type { Semaphore } from '../../internal/semaphore.ts'
import type { Digest } from '../../oci/digest.ts'
import { parseManifest } from '../../oci/manifest.ts'
import type { Name, Tag } from '../../oci/name.ts'
import type { RepositoryReader } from '../../registry/reader.ts'
import type { Runtime } from '../../runtime.ts'
import type { KeptManifest } from '../../storage/workspace.ts'
import type { ManifestContent } from '../manifest-content.ts'
import { blobStream } from './blob-stream.ts'
import type { CopyTally } from './copy-report.ts'
import type { CopyTarget, TargetRepository } from './copy-target.ts'

/** From so many bytes on, a connection of its own costs little beside what comes over it. */
const LARGE_BYTES = 4 * 1024 * 1024

/** What all repositories of one copy share. */
export interface CopyWork {
  readonly runtime: Pick<Runtime, 'createHash'>
  readonly target: CopyTarget
  /** Questions and manifests at once. */
  readonly places: Semaphore
  /** Blobs at once. */
  readonly blobPlaces: Semaphore
  readonly tally: CopyTally
  /** By blob: a repository of the target that has it, as soon as that is so. */
  readonly located: Map<Digest, Promise<Name>>
  readonly signal?: AbortSignal
  readonly onBytes: (bytes: number) => void
}

/** Where the manifests of one repository are had from. */
export interface RepositoryContent {
  readonly source: RepositoryReader
  /** What each manifest names. */
  readonly contents: ReadonlyMap<Digest, ManifestContent>
  /** Which of them are copied. */
  readonly reached: ReadonlySet<Digest>
  readonly bytes: (digest: Digest) => KeptManifest
}

/** Brings manifests with all that they name into one repository of a target: blobs first, what names them after. */
export class TargetContent {
  readonly #name: Name
  readonly #work: CopyWork
  readonly #content: RepositoryContent
  readonly #target: TargetRepository
  /** By manifest: what it was written under, if it had to be written. */
  readonly #begun = new Map<Digest, Promise<Tag | Digest | undefined>>()

  readonly #brought = new Map<Digest, Promise<Name>>()

  constructor(name: Name, work: CopyWork, content: RepositoryContent) {
    this.#name = name
    this.#work = work
    this.#content = content
    this.#target = work.target.repository(name)
  }

  /** Brings a manifest under its digest; gives what it was written under, `undefined` where it was there. */
  put(digest: Digest, reference: Tag | Digest = digest): Promise<Tag | Digest | undefined> {
    const begun = this.#begun.get(digest) ?? this.#put(digest, reference)
    this.#begun.set(digest, begun)
    return begun
  }

  /** Gives a manifest, which comes with all that it names, a tag; by that alone it gets its digest, too. */
  async putTagged(digest: Digest, tags: readonly Tag[]): Promise<void> {
    const [first] = tags
    if (first === undefined) {
      await this.put(digest)
      await this.#target.enter?.({ digest, ...this.#content.bytes(digest) })
      return
    }
    const written = await this.put(digest, first)
    for (const tag of tags) if (tag !== written) await this.#write(digest, tag)
  }

  async #put(digest: Digest, reference: Tag | Digest): Promise<Tag | Digest | undefined> {
    const { places } = this.#work
    if (await places.run(() => this.#target.hasManifest(digest))) return undefined
    const { manifests, blobs, isSchema1 } = this.#content.contents.get(digest)!
    if (isSchema1)
      throw new PortolanError('CONTENT_INVALID', `${digest} is of Docker's schema 1, which is not copied`)
    const children = manifests.filter((child) => this.#content.reached.has(child.digest))
    await Promise.all([
      ...children.map((child) => this.put(child.digest)),
      ...blobs.map((blob) => this.#bring(blob.digest, blob.size)),
    ])
    await this.#write(digest, reference)
    return reference
  }

  async #write(digest: Digest, reference: Tag | Digest): Promise<void> {
    const { places, tally, signal } = this.#work
    signal?.throwIfAborted()
    const { mediaType, bytes } = this.#content.bytes(digest)
    const { listsSubject } = await places.run(() =>
      this.#target.putManifest(reference, { digest, mediaType, bytes }),
    )
    tally.manifests++
    const { subject, artifactType, annotations } = parseManifest(bytes, `${this.#name}@${digest}`)
    if (subject === undefined || listsSubject) return
    const referrer = { mediaType, digest, size: bytes.length }
    await this.#target.listReferrer(subject.digest, {
      ...referrer,
      ...(artifactType !== undefined && { artifactType }),
      ...(annotations && { annotations }),
    })
  }

  /** Whatever names a blob, and how often: it is brought once. */
  #bring(digest: Digest, size: number | undefined): Promise<unknown> {
    const begun = this.#brought.get(digest) ?? this.#bringOnce(digest, size)
    this.#brought.set(digest, begun)
    return begun
  }

  /** One copy of each blob is sent to a target; other repositories mount it. */
  #bringOnce(digest: Digest, size: number | undefined): Promise<Name> {
    const { located } = this.#work
    const before = located.get(digest)
    const bringing = this.#bringAfter(before, digest, size)
    // At once, so that whoever asks meanwhile waits for it.
    if (before === undefined) located.set(digest, bringing)
    else before.catch(() => located.set(digest, bringing))
    return bringing
  }

  async #bringAfter(
    before: Promise<Name> | undefined,
    digest: Digest,
    size: number | undefined,
  ): Promise<Name> {
    const elsewhere = await before?.catch(() => undefined)
    if (elsewhere !== this.#name) await this.#send(digest, size, elsewhere)
    return this.#name
  }

  async #send(digest: Digest, stated: number | undefined, from: Name | undefined): Promise<void> {
    const { blobPlaces, places, tally, runtime, signal, onBytes } = this.#work
    const { source } = this.#content
    if (from === undefined && (await places.run(() => this.#target.hasBlob(digest)))) {
      tally.there++
      return
    }
    await blobPlaces.run(async () => {
      signal?.throwIfAborted()
      const size = stated ?? (await source.stat(digest))?.size ?? 0
      const aborted = signal && { signal }
      const lend = this.#target.takesLent === true && size >= LARGE_BYTES
      const read = (start: number) =>
        counted(blobStream(source, { digest, size }, start, { ...runtime, ...aborted, lend }), onBytes)
      const { how, sent } = await this.#target.putBlob({ digest, size, read, lend }, { from, ...aborted })
      tally[how]++
      tally.bytes += sent
    })
  }
}

function counted(body: ReadableStream<Uint8Array>, onBytes: (bytes: number) => void) {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read()
        if (done) return controller.close()
        onBytes(value.length)
        controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
