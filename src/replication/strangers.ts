import { isOwnPath } from '../inventory/paths.ts'
import type { ObjectInfo } from '../storage/object-store.ts'

/** An object of a store that is neither at the path of a digest nor Portolan's own. */
export type Stranger = Pick<ObjectInfo, 'key' | 'size' | 'modified'>

/** All strangers of a store: the first of them by name. */
export interface Strangers {
  readonly count: number
  readonly bytes: number
  readonly first: readonly Stranger[]
  /** Whether there are more that were not looked at: they were too many. */
  readonly isCut: boolean
}

const NAMED_MAX = 100
/** A bucket may be shared with much else: after so many, only what lies at the paths of digests is listed. */
const COUNTED_MAX = 100_000

/** Counts strangers, and keeps the first of them. */
export class StrangerCount {
  readonly #first: Stranger[] = []
  #count = 0
  #bytes = 0

  get isFull(): boolean {
    return this.#count >= COUNTED_MAX
  }

  add({ key, size, modified }: ObjectInfo): void {
    if (isOwnPath(key)) return
    this.#count++
    this.#bytes += size
    if (this.#first.length < NAMED_MAX) this.#first.push({ key, size, modified })
  }

  get all(): Strangers {
    return { count: this.#count, bytes: this.#bytes, first: this.#first, isCut: this.isFull }
  }
}
