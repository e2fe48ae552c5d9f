import type { Digest } from '../oci/digest.ts'
import type { Tag } from '../oci/name.ts'

/** When something was asked for the first and for the last time, in milliseconds since 1970. */
export interface Questioned {
  readonly since: number
  readonly asked: number
}

/** What a manifest's referrers were when they were last asked for. */
export interface KnownReferrers extends Questioned {
  readonly digests: readonly Digest[]
}

/** What is kept of one repository. */
export interface KnownRepository {
  walked: number
  tags: Map<Tag, Digest>
  /** When the registry said that it has no lists of referrers. */
  withoutReferrers?: Questioned | undefined
  readonly referrers: Map<Digest, KnownReferrers>
}

/** The moment of a walk, and the longest that an answer about referrers counts, both in milliseconds. */
export interface WalkMoment {
  readonly now: number
  readonly recheck: number
}

const HOUR = 60 * 60 * 1000

/** What earlier walks were told of one repository, and what this one is. */
export class RepositoryMemory {
  readonly #moment: WalkMoment
  readonly #known: KnownRepository
  #isChanged = false

  constructor(moment: WalkMoment, known: KnownRepository) {
    this.#moment = moment
    this.#known = known
  }

  get known(): Readonly<KnownRepository> {
    return this.#known
  }

  /** Whether there is anything to keep. */
  get isChanged(): boolean {
    return this.#isChanged
  }

  /** Of tags, only those that are listed are worth knowing. */
  begin(listed: readonly Tag[]): void {
    const { now } = this.#moment
    const { tags, walked } = this.#known
    // So often that nobody forgets it, and not at each walk: it would be written each time.
    if (now - walked >= HOUR) this.#change().walked = now
    const left = new Set(listed)
    for (const tag of tags.keys()) if (!left.has(tag)) this.#change().tags.delete(tag)
  }

  /** What a tag stood for. */
  tag(tag: Tag): Digest | undefined {
    return this.#known.tags.get(tag)
  }

  noteTag(tag: Tag, digest: Digest): void {
    if (this.#known.tags.get(tag) !== digest) this.#change().tags.set(tag, digest)
  }

  /** The referrers of a manifest, where they need not be asked for again. */
  referrers(subject: Digest): readonly Digest[] | undefined {
    const { withoutReferrers, referrers } = this.#known
    if (withoutReferrers !== undefined && !this.#isDue(withoutReferrers)) return []
    const known = referrers.get(subject)
    return known === undefined || this.#isDue(known) ? undefined : known.digests
  }

  noteReferrers(subject: Digest, digests: readonly Digest[]): void {
    const { referrers } = this.#change()
    referrers.set(subject, { ...this.#questioned(referrers.get(subject)), digests })
    this.#known.withoutReferrers = undefined
  }

  noteWithoutReferrers(): void {
    this.#change().withoutReferrers = this.#questioned(this.#known.withoutReferrers)
  }

  /**
   * Whoever signs does so soon: an answer counts for as long as the manifest had been known by then, so that what
   * was known for an hour is asked after another hour, then after two and four, and at last as often as `recheck` says.
   */
  #isDue({ since, asked }: Questioned): boolean {
    const { now, recheck } = this.#moment
    // A clock that was put back tells nothing.
    return asked > now || now - asked >= Math.min(asked - since, recheck)
  }

  #questioned(before: Questioned | undefined): Questioned {
    const { now } = this.#moment
    return { since: Math.min(before?.since ?? now, now), asked: now }
  }

  #change(): KnownRepository {
    this.#isChanged = true
    return this.#known
  }
}
