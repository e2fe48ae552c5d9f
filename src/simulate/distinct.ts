/** How many different things are kept one by one; of more, a share. */
const KEPT_MAX = 2 ** 15

/** How many different things there were, and what they weigh together. */
export interface DistinctSum {
  readonly count: number
  readonly weight: number
  /** Whether these are reckoned from a share of them, give or take 1 % or so. */
  readonly estimated: boolean
}

/** Of what is kept: how many things there were, and what they weigh. */
export function sumOf({ level, kept }: DistinctState): DistinctSum {
  const share = 2 ** level
  let weight = 0
  for (const each of kept.values()) weight += each
  return { count: kept.size * share, weight: weight * share, estimated: share > 1 }
}

/** What another thread is told of a {@link Distinct}. */
export interface DistinctState {
  readonly level: number
  readonly kept: ReadonlyMap<number, number>
}

/**
 * Counts different things by their hashes in bounded memory. While they are few it is exact; when they are too many, those
 * whose hash ends with one more bit of 0 are kept, which are half of them (Wegman's adaptive sampling). What is kept
 * depends on the things alone, neither on their order nor on who has seen which of them: so parts can be merged.
 */
export class Distinct {
  #level = 0
  readonly #kept = new Map<number, number>()
  readonly #max: number

  constructor(max = KEPT_MAX) {
    this.#max = max
  }

  /** Takes a thing, by its hash, that weighs so much; the heaviest counts when it comes with several weights. */
  add(hash: number, weight: number): void {
    if (hash % 2 ** this.#level !== 0) return
    const before = this.#kept.get(hash)
    if (before !== undefined && before >= weight) return
    this.#kept.set(hash, weight)
    this.#shrink()
  }

  merge({ level, kept }: DistinctState): void {
    this.#level = Math.max(this.#level, level)
    this.#drop()
    for (const [hash, weight] of kept) this.add(hash, weight)
  }

  get state(): DistinctState {
    return { level: this.#level, kept: this.#kept }
  }

  #shrink(): void {
    while (this.#kept.size > this.#max) {
      this.#level++
      this.#drop()
    }
  }

  #drop(): void {
    const share = 2 ** this.#level
    for (const hash of this.#kept.keys()) if (hash % share !== 0) this.#kept.delete(hash)
  }
}
