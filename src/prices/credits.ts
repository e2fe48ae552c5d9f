/** What may be spent on what is used in a span of time: a credit, or the budget of a month. */
export interface Credit {
  /** Millionths of a currency, or bytes. */
  readonly amount: bigint
  /** Milliseconds since 1970: what is used from then on, and before the end. */
  readonly from: number
  readonly until: number
}

/** What something cost, and when it was used. */
export interface Charge {
  /** Milliseconds since 1970. */
  readonly at: number
  /** In the same unit. */
  readonly amount: bigint
}

/** What is left of credits, and what they did not pay. */
export interface Settlement {
  /** What credits paid. */
  readonly paid: bigint
  /** What they did not pay, and somebody has to. */
  readonly owed: bigint
  /** Of each credit, in the order in which they were given. */
  readonly left: readonly bigint[]
}

/**
 * Pays charges from credits. A credit is no discount: it pays what was used in its own span and nothing else, whole
 * prices and the tiers that the month had climbed by then. Where several could pay, the one that ends first does.
 */
export function settle(charges: Iterable<Charge>, credits: readonly Credit[]): Settlement {
  const left = credits.map(({ amount }) => amount)
  const bySoonest = credits
    .map((_, index) => index)
    .sort((one, other) => credits[one]!.until - credits[other]!.until)
  let paid = 0n
  let owed = 0n
  for (const { at, amount } of [...charges].sort((one, other) => one.at - other.at)) {
    let due = amount
    for (const index of bySoonest) {
      const { from, until } = credits[index]!
      if (at < from || at >= until) continue
      const part = left[index]! < due ? left[index]! : due
      left[index]! -= part
      due -= part
      paid += part
    }
    owed += due
  }
  return { paid, owed, left }
}
