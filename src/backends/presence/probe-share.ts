import { TokenBucket, type TokenBucketBounds } from '../../internal/token-bucket.ts'
import type { Runtime } from '../../runtime.ts'

/** How long it counts that somebody had a probe that found nothing, in milliseconds. */
const WASTEFUL = 30_000
/**
 * How much of the reserves around it somebody may have before it is known what comes of it: little, or whoever has many
 * networks to begin anew from would use them up.
 */
const ON_TRUST: TokenBucketBounds = { start: 4, perSecond: 4, most: 64 }

/** Gives back what a probe was paid with; `hasFound` where it ran and found something, which may let one more run. */
export type Refund = (hasFound: boolean) => void

/**
 * What may be spent on probes that find nothing by one party and those within it: all of it by anybody, and as much
 * again by those alone that have wasted nothing lately. So whoever wastes leaves something to the others.
 */
export class ProbeShare {
  readonly #runtime: Pick<Runtime, 'now'>
  readonly #bounds: TokenBucketBounds
  readonly #common: TokenBucket
  // Most parties never come to these.
  #reserve: TokenBucket | undefined
  #onTrust: TokenBucket | undefined
  #wastedAt = Number.NEGATIVE_INFINITY

  constructor(bounds: TokenBucketBounds, runtime: Pick<Runtime, 'now'>) {
    this.#runtime = runtime
    this.#bounds = bounds
    this.#common = new TokenBucket(bounds, runtime)
  }

  /** Whether a probe for it found nothing lately. */
  get isWasteful(): boolean {
    return this.#runtime.now() - this.#wastedAt < WASTEFUL
  }

  noteWaste(): void {
    this.#wastedAt = this.#runtime.now()
  }

  /** Pays for a probe of `part`, of what is for anybody or else of the reserve; `undefined` where nothing is left for it. */
  pay(part?: ProbeShare): Refund | undefined {
    const { start, most = start } = this.#bounds
    if (this.#common.take()) return giveBackTo(this.#common, most > start)
    if (part === undefined || part.isWasteful) return undefined
    part.#onTrust ??= new TokenBucket(ON_TRUST, this.#runtime)
    this.#reserve ??= new TokenBucket({ ...this.#bounds, most: start }, this.#runtime)
    return payWithBoth(part.#onTrust, this.#reserve)
  }
}

function payWithBoth(onTrust: TokenBucket, reserve: TokenBucket): Refund | undefined {
  if (!onTrust.take()) return undefined
  if (!reserve.take()) {
    onTrust.giveBack(1)
    return undefined
  }
  const giveBackTrust = giveBackTo(onTrust, true)
  return (hasFound) => {
    reserve.giveBack(1)
    giveBackTrust(hasFound)
  }
}

function giveBackTo(tokens: TokenBucket, mayGrow: boolean): Refund {
  return (hasFound) => tokens.giveBack(hasFound && mayGrow ? 2 : 1)
}
