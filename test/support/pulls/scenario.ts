import { type Address, parseAddress } from '../../../src/net/address.ts'
import { addressOf, imageOf, type PullWorld, type WorldOptions } from './world.ts'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

export const app = imageOf('app:v1', 5)
export const big = imageOf('big:v1', 20)
export const nat = addressOf(1)

/** What clients do at a door, and what is to come of it. */
export interface Scenario {
  readonly name: string
  readonly world?: WorldOptions
  readonly happens: (world: PullWorld) => void
  /** Milliseconds; half an hour by default. */
  readonly lasts?: number
  /** The largest share of requests that may move from a store that delivers, from 0 up to 1. */
  readonly moves?: number
  /** The try at which the last victim of a store succeeds. */
  readonly tries?: number
  /** What is said of the nearest store in the end; nothing by default. */
  readonly outlier?: 'check' | 'eject'
}

/** Third tries from as many networks of IPv6 as a /48 has, for one blob. */
export function forge(w: PullWorld): void {
  for (let n = 0; n < 20_000; n++) {
    const address = parseAddress(`2001:db8:1:${n.toString(16)}::1`)!
    for (let attempt = 0; attempt < 3; attempt++)
      w.after(n * 50 + attempt * 6 * SECOND, () =>
        w.blob({ address, digest: app.blobs[0]!, start: 0, open: true }),
      )
  }
}

/** Another address of one /64 for each request. */
export function privacyAddress({ random }: PullWorld): Address {
  const groups = Array.from({ length: 4 }, () => Math.floor(0x1_0000 * random()).toString(16))
  return parseAddress(`2001:db8:5:6:${groups.join(':')}`)!
}
