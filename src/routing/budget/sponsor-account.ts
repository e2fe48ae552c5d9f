import { unitOf } from '../../config/amount.ts'
import type { SponsorConfig } from '../../config/config.ts'
import type { PriceTable } from '../../prices/price-table.ts'
import type { Backend } from '../backend.ts'
import { BilledMonth, type BilledRecord, type TrafficRecord } from './billed-month.ts'
import { type ClosedMonth, Funds, type FundsRecord } from './funds.ts'
import { beginPacing, isUsedUp, type PacingState, pace, projectedEnd } from './pacing.ts'

/** A sponsor, with what its config names. */
export interface SponsorParts {
  readonly config: SponsorConfig
  readonly backends: readonly Backend[]
  /** What its traffic costs; not looked at where its amounts are bytes. */
  readonly table?: PriceTable | undefined
  /** How many doors share its budget. */
  readonly replicas: number
}

/** What is kept of a sponsor over restarts: plain data. */
export interface SponsorRecord {
  readonly id: string
  /** A currency, or `bytes`. */
  readonly unit: string
  readonly funds: FundsRecord
  readonly billed: BilledRecord
  readonly pacing: PacingState
  /** All that was ever spent. */
  readonly total: string
}

/** How a sponsor stands; quantities are millionths of a currency, or bytes. */
export interface SponsorStatus {
  readonly id: string
  readonly unit: string
  /** The month in its own time zone, and when it ends, in milliseconds since 1970. */
  readonly month: string
  readonly until: number
  /** The month before; absent where this is the first that was counted. */
  readonly lastMonth?: ClosedMonth
  /** What may be spent in a month; 0 for one that has only credits. */
  readonly budget: bigint
  readonly spent: bigint
  /** What of it nothing was there to pay. */
  readonly owed: bigint
  /** Of all that may be spent now, credits too. */
  readonly left: bigint
  readonly credits: Funds['credits']
  readonly pace: number
  /** When the pace became what it is; absent where it always was. */
  readonly pacedSince?: number
  /** When all will be gone if it goes on so; absent where it lasts. */
  readonly projectedEnd?: number
  /** What an operator should know: the worst alone. */
  readonly alarm: Alarm
  /** Traffic of the provider's month that has no price, and is not in what was spent. */
  readonly unpriced: BilledMonth['unpriced']
}

/** All is used up; it will be before its time, as it goes; or some of it has no price, so that nobody knows. */
export const ALARMS = ['used-up', 'ends-early', 'unpriced', 'none'] as const
export type Alarm = (typeof ALARMS)[number]

/** What one sponsor pays for: traffic goes in as it happens, and about once a minute its pace comes out. */
export class SponsorAccount {
  readonly parts: SponsorParts
  readonly unit: string
  readonly #funds: Funds
  #billed: BilledMonth
  #pacing: PacingState
  #total = 0n
  #now: number

  /** `now` is in milliseconds since 1970. */
  constructor(parts: SponsorParts, now: number) {
    const { config, replicas } = parts
    this.parts = parts
    this.unit = unitOf((config.budget ?? config.credits[0])!.amount)
    this.#funds = new Funds(config, replicas, now)
    this.#billed = this.#beginMonth(now)
    this.#pacing = beginPacing(config.ceiling)
    this.#now = now
  }

  /** From 0 to 1: how much of what would go to its backends does. */
  get pace(): number {
    return this.#pacing.pace
  }

  /** Counts what one of its backends was asked for; bytes as far as they are known. */
  note(traffic: TrafficRecord): void {
    this.#billed.note(traffic)
  }

  /** Goes on from a record of the same unit; of another one nothing can be said to be the same. Gives whether it did. */
  restore({ unit, funds, billed, pacing, total }: SponsorRecord): boolean {
    if (unit !== this.unit) return false
    this.#funds.restore(funds)
    this.#billed.restore(billed)
    this.#pacing = pacing
    this.#total = BigInt(total)
    return true
  }

  get record(): SponsorRecord {
    return {
      id: this.parts.config.id,
      unit: this.unit,
      funds: this.#funds.record,
      billed: this.#billed.record,
      pacing: this.#pacing,
      total: String(this.#total),
    }
  }

  /** Pays for what was counted, and looks at the pace. Gives whether that became another one. */
  tick(now: number, mustWait: boolean): boolean {
    const charge = this.#billed.charge()
    this.#total += charge
    // It was asked for before this moment, which may be the first one of a day.
    this.#funds.spend(charge, Math.min(now, this.#funds.month.until) - 1)
    this.#funds.roll(now)
    if (now >= this.#billed.until) this.#billed = this.#beginMonth(now)
    this.#now = now
    const { floor, ceiling } = this.parts.config
    const before = this.#pacing.pace
    const left = this.#funds.left(now)
    this.#pacing = pace(this.#pacing, { now, spent: Number(this.#total), left, floor, ceiling, mustWait })
    return this.#pacing.pace !== before
  }

  /** How it stood at the last tick. */
  get status(): SponsorStatus {
    const left = this.#funds.left(this.#now)
    const end = projectedEnd(this.#pacing, left)
    const { changedAt } = this.#pacing
    const { month, monthly, spent, owed, credits, closed } = this.#funds
    return {
      id: this.parts.config.id,
      unit: this.unit,
      month: month.name,
      until: month.until,
      ...(closed && { lastMonth: closed }),
      budget: monthly,
      spent,
      owed,
      left: left.reduce((sum, { amount }) => sum + BigInt(amount), 0n),
      credits,
      pace: this.pace,
      ...(changedAt !== undefined && { pacedSince: changedAt }),
      ...(end !== undefined && { projectedEnd: end }),
      alarm: this.#alarm(isUsedUp(left), end),
      unpriced: this.#billed.unpriced,
    }
  }

  #alarm(usedUp: boolean, end: number | undefined): Alarm {
    const { bytes, requests } = this.#billed.unpriced
    if (usedUp) return 'used-up'
    if (end !== undefined) return 'ends-early'
    return bytes > 0n || requests > 0n ? 'unpriced' : 'none'
  }

  #beginMonth(now: number): BilledMonth {
    const { backends, table, config } = this.parts
    if (this.unit === 'bytes') return new BilledMonth(backends, undefined, config.timezone, now)
    return new BilledMonth(backends, table, table?.timezone ?? config.timezone, now)
  }
}
