import type { Name } from '../oci/name.ts'
import { blobSource } from '../registry/blob-source.ts'
import type { Registry } from '../registry/reader.ts'
import { MAX_BREAKS } from '../transfer/download.ts'
import { type NextSource, type Source, takeTurns } from '../transfer/source.ts'
import { isMissing } from '../transfer/transfer-error.ts'
import type { ReachableBlob } from './reachable.ts'

/** Downloads of one blob, when what came before was wrong: one more than there are sources, up to so many. */
const MAX_DOWNLOADS = 4

/** Every repository that leads to a blob, and, for a foreign layer, where its manifest says that it lies. */
export class BlobSources {
  /** The repositories, for people. */
  readonly names: string
  /** How often in a row a download may break off: each source may fail for good, and one of them now and then. */
  readonly breaks: number
  readonly #mostDownloads: number
  #order: readonly Source[]
  #downloads = 0
  #last: Source | undefined
  #isNowhere = true

  constructor(blob: ReachableBlob, upstream: Registry) {
    const { name, alsoIn = [], urls = [] } = blob
    const repositories: readonly Name[] = [name, ...alsoIn]
    this.names = repositories.join(', ')
    this.#order = [
      ...repositories.map((each) => blobSource(upstream.repository(each), blob.digest, blob.size)),
      ...urls.map((url) => upstream.elsewhere(url)),
    ]
    this.breaks = MAX_BREAKS + this.#order.length - 1
    this.#mostDownloads = Math.min(this.#order.length + 1, MAX_DOWNLOADS)
  }

  /** The sources of one more download, in turn. */
  begin(): NextSource {
    this.#downloads++
    this.#isNowhere = true
    const turns = takeTurns(this.#order)
    return (failure) => {
      if (failure !== undefined && !isMissing(failure.error)) this.#isNowhere = false
      const next = turns(failure)
      this.#last = next ?? this.#last
      return next
    }
  }

  /**
   * After a download of something that was not the blob: false when there is no use in another one. Whoever gave the
   * last of it is asked last then.
   */
  again(error: unknown): boolean {
    if (isMissing(error) && this.#isNowhere) return false
    if (this.#downloads >= this.#mostDownloads) return false
    const blamed = this.#order.filter((each) => each === this.#last)
    this.#order = [...this.#order.filter((each) => each !== this.#last), ...blamed]
    return true
  }
}
