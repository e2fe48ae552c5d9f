import { Semaphore } from '../../internal/semaphore.ts'
import type { Digest } from '../../oci/digest.ts'
import type { DeliveryParts } from '../deliver.ts'
import { createFailureStreak } from '../failure-streak.ts'
import { blobStream } from '../images/blob-stream.ts'
import type { Reachable, ReachableBlob } from '../reachable.ts'
import { type Arrival, type Lack, type Recipient, zero } from '../recipient.ts'
import { type Checked, NOTHING_CHECKED } from '../spot-check.ts'
import type { FilledRegistry } from './filled-registry.ts'
import { pushFromSpool } from './push-from-spool.ts'
import { RepositoryWork, wantedContents } from './repository-work.ts'

/** What one run does with one registry: its blobs are sent once, and mounted from one repository to the others. */
export class RegistryWork implements Recipient {
  readonly registry: FilledRegistry
  readonly repositories: readonly RepositoryWork[]
  readonly places: Semaphore
  readonly failures = createFailureStreak()
  readonly planned = { ...zero(), tags: 0 }
  readonly stored = { ...zero(), mounted: 0, tags: 0 }
  checked: Checked = NOTHING_CHECKED
  failed = 0
  withheld = 0
  /** By blob, the repositories that are to have it. */
  readonly #wanting = new Map<Digest, RepositoryWork[]>()

  constructor(registry: FilledRegistry, reachable: Reachable, concurrency: number) {
    this.registry = registry
    this.places = new Semaphore(concurrency)
    this.repositories = wantedContents(reachable).map((wanted) => new RepositoryWork(wanted, this, registry))
    for (const repository of this.repositories) {
      for (const digest of repository.wanted.blobs) {
        const wanting = this.#wanting.get(digest)
        if (wanting === undefined) this.#wanting.set(digest, [repository])
        else wanting.push(repository)
      }
    }
  }

  get id(): string {
    return this.registry.id
  }

  get title(): string {
    return `registry ${this.id}`
  }

  /** Those that could be read. */
  get readable(): readonly RepositoryWork[] {
    return this.repositories.filter(({ isRead }) => isRead)
  }

  lacks(digest: Digest): Lack | undefined {
    const lacking = this.#lacking(digest)
    if (lacking.length === 0) return undefined
    return { places: lacking.length, isNowhere: this.#holder(digest) === undefined }
  }

  /** Mounts a blob wherever it is lacking; a registry that mounts nothing is sent what it has itself. */
  async spread({ digest, size: stated }: ReachableBlob, parts: DeliveryParts): Promise<boolean> {
    const holder = this.#holder(digest)
    if (holder === undefined) return false
    const { runtime, interruption, onWarning } = parts
    const aborted = { signal: interruption.stop }
    try {
      const size = stated ?? (await holder.reader.stat(digest))?.size
      if (size === undefined) return false
      for (const repository of this.#lacking(digest)) {
        const read = (start: number) =>
          blobStream(holder.reader, { digest, size }, start, { ...runtime, ...aborted })
        const { how } = await repository.target.putBlob(
          { digest, size, read },
          { from: holder.name, ...aborted },
        )
        if (how === 'mounted') this.stored.mounted++
        this.stored.blobs++
        await repository.note(digest, { size }, parts)
      }
      return true
    } catch (error) {
      if (!interruption.stop.aborted) {
        const reason = error instanceof Error ? error.message : String(error)
        onWarning(
          `${this.title}: ${digest} is brought from the upstream, since ${holder.name} does not give it: ${reason}`,
          this.id,
        )
      }
      return false
    }
  }

  async receive({ digest }: ReachableBlob, arrival: Arrival, parts: DeliveryParts): Promise<void> {
    const size = await arrival.download.size
    for (const repository of this.#lacking(digest)) {
      const from = this.#holder(digest)?.name
      const { how } = await pushFromSpool(repository, { ...arrival, digest, size }, from, parts)
      if (how === 'mounted') this.stored.mounted++
      else if (from === undefined) this.stored.bytes += size
      this.stored.blobs++
      await repository.note(digest, { size }, parts)
    }
  }

  mayResume(digest: Digest, { workspace }: DeliveryParts): boolean {
    return this.#lacking(digest).some(({ journalKey }) => workspace.upload(journalKey, digest) !== undefined)
  }

  #lacking(digest: Digest): readonly RepositoryWork[] {
    return this.#wanting.get(digest)?.filter((each) => each.lacksBlob(digest)) ?? []
  }

  #holder(digest: Digest): RepositoryWork | undefined {
    return this.#wanting.get(digest)?.find((each) => each.isRead && each.hasBlob(digest))
  }
}
