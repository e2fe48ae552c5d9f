import type { Address } from '../../net/address.ts'
import type { Located } from '../located.ts'
import { decodeRanges } from '../snapshot.ts'
import type { LoadedRanges, RangesInForce } from './ranges.ts'

/** Ranges that another process of this service reads and keeps new: this one asks nobody, and goes by what it is told. */
export class ToldRanges implements RangesInForce {
  #current: LoadedRanges | undefined

  lookup(address: Address): Located | undefined {
    return this.#current?.ranges.table.lookup(address)
  }

  /** Goes by a snapshot from now on, or by none. Throws `SNAPSHOT_INVALID`. */
  take(snapshot: Uint8Array | undefined): void {
    this.#current = snapshot && { ranges: decodeRanges(snapshot), snapshot }
  }

  async load(): Promise<undefined> {}

  use(): void {}

  stop(): void {}
}
