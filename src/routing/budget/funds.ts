import { formatAmount, quantityOf } from '../../config/amount.ts'
import type { CreditConfig, SponsorConfig } from '../../config/config.ts'
import { dayAt, monthAt, type Period, startOfDay } from '../../internal/time-zone.ts'
import { type Credit, settle } from '../../prices/credits.ts'
import type { Left } from './pacing.ts'

/** What a sponsor's funds came to, as it is kept over restarts; quantities are decimal numbers. */
export interface FundsRecord {
  /** `2026-11`. */
  readonly month: string
  readonly spent: string
  readonly owed: string
  /** What of it the budget of that month paid. */
  readonly budget: string
  readonly credits: readonly { readonly credit: CreditConfig; readonly used: string }[]
}

/** What a month came to when it ended; `left` is of its budget and of the credits that paid in it. */
export interface ClosedMonth {
  readonly month: string
  readonly spent: bigint
  readonly left: bigint
  readonly owed: bigint
}

interface OwnCredit extends Credit {
  readonly config: CreditConfig
  left: bigint
}

/** How finely what several funds pay is parted. */
const PRECISION = 1_000_000

/**
 * What a sponsor may spend: so much in each month, and its credits, each within its own time. Where there are several,
 * each pays as much as its own even spending comes to; what one cannot, the others do, that which ends first before.
 */
export class Funds {
  readonly #config: SponsorConfig
  /** What one of several doors may spend in a month. */
  readonly #monthly: bigint
  readonly #credits: readonly OwnCredit[]
  #month: Period
  #left: bigint
  #spent = 0n
  #owed = 0n
  #closed: ClosedMonth | undefined

  /** `now` is in milliseconds since 1970; one of `replicas` doors goes by its part. */
  constructor(config: SponsorConfig, replicas: number, now: number) {
    const { budget, credits, timezone, spent } = config
    const part = (amount: CreditConfig['amount']) => BigInt(quantityOf(amount)) / BigInt(replicas)
    this.#config = config
    this.#monthly = budget === undefined ? 0n : part(budget.amount)
    this.#credits = credits.map((credit) => ({
      config: credit,
      amount: part(credit.amount),
      left: part(credit.amount),
      from: startOfDay(credit.from, timezone),
      until: startOfDay(credit.until, timezone, 1),
    }))
    this.#month = monthAt(now, timezone)
    this.#left = this.#monthly
    if (spent !== undefined && this.#isOfThisMonth(spent.asOf)) {
      this.spend(part(spent.amount), startOfDay(spent.asOf, timezone, -1))
    }
  }

  /** Goes on from what was spent before: of this month where it is the same still, and of credits that say the same. */
  restore({ month, spent, owed, budget, credits }: FundsRecord): void {
    if (month === this.#month.name) {
      this.#spent = BigInt(spent)
      this.#owed = BigInt(owed)
      this.#left = without(this.#monthly, BigInt(budget))
    }
    for (const { credit, used } of credits) {
      const same = this.#credits.find(({ config }) => isSame(config, credit))
      if (same !== undefined) same.left = without(same.amount, BigInt(used))
    }
  }

  get record(): FundsRecord {
    return {
      month: this.#month.name,
      spent: String(this.#spent),
      owed: String(this.#owed),
      budget: String(this.#monthly - this.#left),
      credits: this.#credits.map(({ config, amount, left }) => ({
        credit: config,
        used: String(amount - left),
      })),
    }
  }

  get month(): Period {
    return this.#month
  }

  /** The month before; `undefined` where this is the first. */
  get closed(): ClosedMonth | undefined {
    return this.#closed
  }

  /** What was spent of all funds in this month. */
  get spent(): bigint {
    return this.#spent
  }

  /** What was spent in this month though nothing was there to pay it. */
  get owed(): bigint {
    return this.#owed
  }

  /** What may be spent in a whole month, without credits. */
  get monthly(): bigint {
    return this.#monthly
  }

  get credits(): readonly { readonly config: CreditConfig; readonly left: bigint }[] {
    return this.#credits
  }

  /** Pays what was used at a moment; of what was used before this month began, the month before would have. */
  spend(quantity: bigint, at: number): void {
    this.#spent += quantity
    this.#pay(quantity, at)
  }

  /** Begins another month when it is one. Gives whether it did. */
  roll(now: number): boolean {
    if (now < this.#month.until && now >= this.#month.from) return false
    const left = this.left(this.#month.until - 1).reduce((sum, { amount }) => sum + BigInt(amount), 0n)
    this.#closed = { month: this.#month.name, spent: this.#spent, left, owed: this.#owed }
    this.#month = monthAt(now, this.#config.timezone)
    this.#left = this.#monthly
    this.#spent = 0n
    this.#owed = 0n
    return true
  }

  /** What may be spent from now on, as pacing counts: no farther than a number is exact. */
  left(now: number): Left[] {
    const active = this.#credits.filter(({ from, until }) => now >= from && now < until)
    return [
      ...active.map(({ left, amount, until }) => ({ amount: Number(left), of: Number(amount), until })),
      { amount: Number(this.#left), of: Number(this.#monthly), until: this.#month.until },
    ].filter(({ of }) => of > 0)
  }

  #pay(quantity: bigint, at: number): void {
    const { from, until } = this.#month
    const moment = Math.max(at, from)
    const funds = [
      ...this.#credits.map((credit) => ({ ...credit, amount: credit.left })),
      { amount: this.#left, from, until },
    ]
    const parts = evenParts(quantity, funds, moment)
    const rest = funds.map((fund, index) => ({ ...fund, amount: fund.amount - parts[index]! }))
    const due = quantity - parts.reduce((sum, part) => sum + part, 0n)
    const { left, owed } = settle([{ at: moment, amount: due }], rest)
    for (const [index, credit] of this.#credits.entries()) credit.left = left[index]!
    this.#left = left.at(-1)!
    this.#owed += owed
  }

  #isOfThisMonth(day: string): boolean {
    return dayAt(this.#month.from, this.#config.timezone).slice(0, 7) === day.slice(0, 7)
  }
}

/** What each fund pays, were each spent evenly to its end, and no more than it has; rounded down. */
function evenParts(quantity: bigint, funds: readonly Credit[], at: number): bigint[] {
  const rates = funds.map(({ amount, from, until }) =>
    at < from || at >= until ? 0 : Number(amount) / (until - at),
  )
  const all = rates.reduce((sum, rate) => sum + rate, 0)
  return rates.map((rate, index) => {
    if (rate === 0) return 0n
    const part = (quantity * BigInt(Math.floor((rate / all) * PRECISION))) / BigInt(PRECISION)
    return part < funds[index]!.amount ? part : funds[index]!.amount
  })
}

function isSame(one: CreditConfig, other: CreditConfig): boolean {
  const written = ({ amount, from, until }: CreditConfig) => `${formatAmount(amount)} ${from} ${until}`
  return written(one) === written(other)
}

/** What is left when so much is used, which may be more than there is now. */
function without(all: bigint, used: bigint): bigint {
  return used >= all ? 0n : all - used
}
