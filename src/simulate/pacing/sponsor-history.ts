import { formatQuantity } from '../../config/amount.ts'
import type { Alarm, SponsorStatus } from '../../routing/budget/sponsor-account.ts'

/** So many changes of an alarm are told one by one. */
const ALARMS_MAX = 50

/** How a sponsor's budget fared; quantities are decimal numbers of `unit`, a currency or `bytes`. */
export interface BudgetReport {
  readonly unit: string
  readonly months: readonly BudgetMonth[]
  /** From 0 to 1: how much of what would have come was let in. */
  readonly pace: { readonly lowest: number; readonly last: number; readonly changes: number }
  /** What the pace became and when, the first it had included; no more than 10,000 of them. */
  readonly course: readonly { readonly at: string; readonly pace: number }[]
  /** Changes of the alarm, the first of them; `ends` is when all would be gone if it went on so. */
  readonly alarms: readonly { readonly at: string; readonly alarm: Alarm; readonly ends?: string }[]
  /** When all will be gone if it goes on as at the end of the log; absent where it lasts. */
  readonly projectedEnd?: string
}

/** A month in the sponsor's time zone, as it was at its end or at that of the log. */
export interface BudgetMonth {
  /** As `2026-11`. */
  readonly month: string
  readonly budget: string
  readonly spent: string
  /** What may still be spent, credits too. */
  readonly left: string
  /** What nothing was there to pay. */
  readonly owed: string
  /** When nothing was left for the first time; absent where something always was. */
  readonly usedUpAt?: string
}

const COURSE_MAX = 10_000

/** Remembers of an account what is reported of it. */
export class SponsorHistory {
  readonly id: string
  readonly #unit: string
  readonly #months: BudgetMonth[] = []
  readonly #alarms: BudgetReport['alarms'][number][] = []
  readonly #course: BudgetReport['course'][number][] = []
  #last: SponsorStatus | undefined
  #alarm: Alarm = 'none'
  #monthBegan: number | undefined
  #usedUpAt: number | undefined
  #lowest = 1
  #changes = 0

  constructor(id: string, unit: string) {
    this.id = id
    this.#unit = unit
  }

  /** Looks at an account after each of its ticks. */
  see(status: SponsorStatus, now: number): void {
    const before = this.#last
    this.#last = status
    if (before !== undefined && before.month !== status.month && status.lastMonth !== undefined) {
      this.#close(status.lastMonth, before.budget)
      this.#monthBegan = now
    }
    if (before !== undefined && before.pace !== status.pace) this.#changes++
    if (before?.pace !== status.pace && this.#course.length < COURSE_MAX) {
      this.#course.push({ at: isoOf(now), pace: status.pace })
    }
    this.#lowest = Math.min(this.#lowest, status.pace)
    if (status.left <= 0n) this.#usedUpAt ??= now
    if (status.alarm === this.#alarm) return
    this.#alarm = status.alarm
    if (this.#alarms.length < ALARMS_MAX) {
      this.#alarms.push({ at: isoOf(now), alarm: status.alarm, ...endsOf('ends', status) })
    }
  }

  /** Closes the month in which the log ends, unless that begins with the last tick. */
  end(status: SponsorStatus, now: number): void {
    if (this.#monthBegan !== now) this.#close(status, status.budget)
  }

  get report(): BudgetReport {
    const last = this.#last!
    return {
      unit: this.#unit,
      months: this.#months,
      pace: { lowest: this.#lowest, last: last.pace, changes: this.#changes },
      course: this.#course,
      alarms: this.#alarms,
      ...endsOf('projectedEnd', last),
    }
  }

  #close(
    { month, spent, left, owed }: Pick<SponsorStatus, 'month' | 'spent' | 'left' | 'owed'>,
    budget: bigint,
  ): void {
    const quantity = (value: bigint) => formatQuantity(value, this.#unit)
    this.#months.push({
      month,
      budget: quantity(budget),
      spent: quantity(spent),
      left: quantity(left),
      owed: quantity(owed),
      ...(this.#usedUpAt !== undefined && { usedUpAt: isoOf(this.#usedUpAt) }),
    })
    this.#usedUpAt = undefined
  }
}

function endsOf<Key extends string>(
  key: Key,
  { projectedEnd }: SponsorStatus,
): { readonly [K in Key]?: string } {
  return (projectedEnd === undefined ? {} : { [key]: isoOf(projectedEnd) }) as {
    readonly [K in Key]?: string
  }
}

function isoOf(moment: number): string {
  return new Date(moment).toISOString()
}
