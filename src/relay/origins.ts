import type { CacheRecords, ContentCache, Fill } from '../cache/content-cache.ts'
import type { Digest } from '../oci/digest.ts'

export interface OriginsParts {
  readonly records: CacheRecords
  /** Absent where nothing is kept. */
  readonly cache: Pick<ContentCache, 'stat'> | undefined
  /** Whether any registry is read with a login, so that what is kept may not be for everybody. */
  readonly hasLogins: () => boolean
}

/** Of a registry as a whole, in records that are by repository. */
const ALL = ''

/**
 * From which registries the contents at hand were had. A manifest may name what its own registry never had, such as
 * another one's private blob: by that alone it opens nothing that came from elsewhere.
 */
export class Origins {
  readonly #parts: OriginsParts
  /** By digest: for which registry it is being brought now. */
  readonly #filling = new Map<Digest, string>()

  constructor(parts: OriginsParts) {
    this.#parts = parts
  }

  /**
   * Whether what is at hand of a digest may be read by the links of a registry; else that registry itself has to say that
   * it has it. What is not at hand is asked of it anyway.
   */
  isOpenTo(registry: string, digest: Digest): boolean {
    const { cache, records, hasLogins } = this.#parts
    if (!hasLogins()) return true
    if (cache?.stat(digest) !== undefined) return records.link({ registry, name: ALL }, digest) !== undefined
    const filling = this.#filling.get(digest)
    return filling === undefined || filling === registry
  }

  /** Takes note of a content that a registry has given or has said it has. */
  note(registry: string, digest: Digest): void {
    this.#parts.records.setLinks({ registry, name: ALL }, new Map([[digest, {}]]))
  }

  /** Takes note of a content that is being brought from a registry. */
  begin(registry: string, digest: Digest, { ended }: Pick<Fill, 'ended'>): void {
    this.#filling.set(digest, registry)
    ended.then(
      () => {
        this.#filling.delete(digest)
        this.note(registry, digest)
      },
      () => this.#filling.delete(digest),
    )
  }
}
