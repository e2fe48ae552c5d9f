import { untilAborted } from '../../internal/until-aborted.ts'
import type { Digest } from '../../oci/digest.ts'
import { parseManifest } from '../../oci/manifest.ts'
import type { Name, Tag } from '../../oci/name.ts'
import { fallbackTag } from '../../registry/fallback-referrers.ts'
import type { RepositoryReader } from '../../registry/reader.ts'
import type { Done } from '../../storage/workspace.ts'
import type { DeliveryParts } from '../deliver.ts'
import type { TargetRepository } from '../images/copy-target.ts'
import type { Reachable, ReachableImage, ReachableManifest } from '../reachable.ts'
import type { ManifestRecipient, Recipient } from '../recipient.ts'
import type { FilledRegistry } from './filled-registry.ts'

/** What one repository of a registry is to have. */
export interface WantedContent {
  readonly name: Name
  /** Each after all that it names. */
  readonly manifests: readonly ReachableManifest[]
  readonly blobs: ReadonlySet<Digest>
  readonly tags: readonly ReachableImage[]
}

/** What each repository is to have: what its chosen tags lead to, but for what is of Docker's schema 1. */
export function wantedContents({ repositories, images, manifests, blobs }: Reachable): WantedContent[] {
  const order = new Map([...manifests.keys()].map((digest, index) => [digest, index]))
  const tagged = Map.groupBy(images, ({ name }) => name)
  return repositories.flatMap(({ name, reached }) => {
    const wanted = [...reached]
      .filter((digest) => order.has(digest))
      .sort((one, other) => order.get(one)! - order.get(other)!)
      .map((digest) => manifests.get(digest)!)
    if (wanted.length === 0) return []
    const named = wanted.flatMap(({ content }) => content.filter((digest) => blobs.has(digest)))
    const tags = (tagged.get(name) ?? []).filter(({ digest }) => order.has(digest))
    return [{ name, manifests: wanted, blobs: new Set(named), tags }]
  })
}

/** What one run does with one repository of a registry. */
export class RepositoryWork implements ManifestRecipient {
  readonly wanted: WantedContent
  readonly recipient: Recipient
  readonly reader: RepositoryReader
  readonly target: TargetRepository
  /** What the wanted tags stand for there. */
  readonly tags = new Map<Tag, Digest>()
  /** Other tags that are there, those of signatures left out. */
  others: readonly Tag[] = []
  /** Whether it could be read; nothing is sent to one that could not. */
  isRead = false
  readonly #blobs = new Set<Digest>()
  readonly #manifests = new Set<Digest>()
  /** What it gives under these digests is something else, and no push replaces it. */
  readonly #altered = new Set<Digest>()
  /** By which its content is noted in the journal: no id of a backend has a slash. */
  readonly journalKey: string

  constructor(wanted: WantedContent, recipient: Recipient, { id, reader, writer }: FilledRegistry) {
    this.wanted = wanted
    this.recipient = recipient
    this.reader = reader.repository(wanted.name)
    this.target = writer.repository(wanted.name)
    this.journalKey = `${id}/${wanted.name}`
  }

  get name(): Name {
    return this.wanted.name
  }

  holds(digest: Digest): boolean {
    return this.#blobs.has(digest) || this.#manifests.has(digest)
  }

  /** Whether a blob is lacking, and sending it is of use. */
  lacksBlob(digest: Digest): boolean {
    const isWanted = this.isRead && this.wanted.blobs.has(digest)
    return isWanted && !this.#blobs.has(digest) && !this.#altered.has(digest)
  }

  hasBlob(digest: Digest): boolean {
    return this.#blobs.has(digest)
  }

  hasManifest(digest: Digest): boolean {
    return this.#manifests.has(digest)
  }

  /** Takes it to be there, of what is wanted. */
  take(digest: Digest, { mediaType }: Pick<Done, 'mediaType'>): void {
    if (this.#altered.has(digest)) return
    if (mediaType !== undefined) this.#manifests.add(digest)
    else if (this.wanted.blobs.has(digest)) this.#blobs.add(digest)
  }

  /** It is there, and is something else. */
  markAltered(digest: Digest): void {
    this.#altered.add(digest)
    this.#blobs.delete(digest)
    this.#manifests.delete(digest)
  }

  /** Manifests that are lacking, whole, and of use to send. */
  get sendable(): readonly ReachableManifest[] {
    return this.lackingManifests.filter(
      ({ digest, isPartial }) => isPartial !== true && !this.#altered.has(digest),
    )
  }

  /** Knows nothing of what is there any more. */
  forget(): void {
    this.#blobs.clear()
    this.#manifests.clear()
  }

  get lackingBlobs(): readonly Digest[] {
    return [...this.wanted.blobs].filter((digest) => !this.#blobs.has(digest))
  }

  get lackingManifests(): readonly ReachableManifest[] {
    return this.wanted.manifests.filter(({ digest }) => !this.#manifests.has(digest))
  }

  get lackingTags(): readonly ReachableImage[] {
    return this.wanted.tags.filter(({ tag, digest }) => this.tags.get(tag) !== digest)
  }

  /** Blobs and manifests that are there, of what is wanted. */
  get held(): number {
    const { blobs, manifests } = this.wanted
    return blobs.size + manifests.length - this.lackingBlobs.length - this.lackingManifests.length
  }

  async receiveManifest(
    { digest, mediaType, size }: ReachableManifest,
    bytes: Uint8Array,
    parts: DeliveryParts,
  ): Promise<void> {
    const { stop } = parts.interruption
    const putting = this.target.putManifest(digest, { digest, mediaType, bytes })
    const { listsSubject } = await untilAborted(stop, putting)
    if (!listsSubject) await untilAborted(stop, this.#listReferrer(digest, mediaType, bytes))
    parts.onBytes(this.recipient.id, digest, size)
    await this.note(digest, { size, mediaType }, parts)
    this.recipient.stored.manifests++
    this.recipient.stored.bytes += size
  }

  /** Notes that it is there from now on. */
  async note(digest: Digest, done: Done, { workspace, onStored }: DeliveryParts): Promise<void> {
    await workspace.noteDone(this.journalKey, digest, done)
    this.take(digest, done)
    onStored(this.recipient.id, digest, done.size)
  }

  /** Where the registry keeps no list of referrers; a list that comes along as a tag is not made once more. */
  async #listReferrer(digest: Digest, mediaType: string, bytes: Uint8Array): Promise<void> {
    const { subject, artifactType, annotations } = parseManifest(bytes, `${this.name}@${digest}`)
    if (subject === undefined) return
    const comesAlong = fallbackTag(subject.digest)
    if (this.wanted.tags.some(({ tag }) => tag === comesAlong)) return
    await this.target.listReferrer(subject.digest, {
      ...{ mediaType, digest, size: bytes.length },
      ...(artifactType !== undefined && { artifactType }),
      ...(annotations && { annotations }),
    })
  }
}
