import type { ObjectHeaders } from '../storage/object-store.ts'
import type { Target } from './target.ts'
import type { VerifyMode } from './verify-copy.ts'

/**
 * Which copies of one run are read back from the stores. What a store has confirmed by a checksum of the bytes that
 * arrived need not be; but a checksum says nothing of how an object is served, so that of each media type one is read
 * back all the same.
 */
export class ReadBack {
  readonly mode: VerifyMode
  readonly #served = new Set<string>()

  constructor(mode: VerifyMode) {
    this.mode = mode
  }

  /** Whether an object that was just stored has to be read back; `confirmed` is what the store says of it. */
  needed(target: Target, headers: ObjectHeaders, confirmed: boolean): boolean {
    return !confirmed || this.mode === 'full' || !this.#served.has(kindOf(target, headers))
  }

  /** An object of this store was read back and is as it should be. */
  passed(target: Target, headers: ObjectHeaders): void {
    this.#served.add(kindOf(target, headers))
  }
}

function kindOf({ id }: Target, { contentType }: ObjectHeaders): string {
  return `${id} ${contentType}`
}
