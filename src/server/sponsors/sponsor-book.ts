import { formatQuantity } from '../../config/amount.ts'
import type { Observers } from '../../internal/observers.ts'
import type { TrafficRecord } from '../../routing/budget/billed-month.ts'
import { payersOf } from '../../routing/budget/payers.ts'
import type { Alarm, SponsorParts, SponsorStatus } from '../../routing/budget/sponsor-account.ts'
import { Sponsors } from '../../routing/budget/sponsors.ts'
import type { Cancel } from '../../runtime.ts'
import type { Policy } from '../in-force.ts'
import type { DoorRuntime } from '../runtime.ts'
import { encodeLedger } from './ledger.ts'

/** How often is paid for what was counted, paces are looked at and the ledger is written, in milliseconds. */
export const PERIOD = 60_000

/** What goes by the paces that come out. */
export interface Paced {
  readonly changes: Observers<Policy>
  /** Goes by these shares from now on: from 0 to 1, by sponsor. */
  usePaces(shares: ReadonlyMap<string, number>): void
}

/**
 * Keeps the accounts of all sponsors: counts what clients are sent for, has the door go by their paces, and writes down
 * what was spent. A reload keeps what was counted.
 */
export class SponsorBook {
  readonly #runtime: DoorRuntime
  readonly #paced: Paced
  #sponsors = new Sponsors([], 0)
  #policy: Policy | undefined
  #alarms = new Map<string, Alarm>()
  #nextTick: Cancel | undefined
  #writing: Promise<void> | undefined
  #cannotWrite = false

  constructor(runtime: DoorRuntime, paced: Paced) {
    this.#runtime = runtime
    this.#paced = paced
    paced.changes.add((policy) => this.#follow(policy))
  }

  /** Counts what a backend was asked for. */
  note(traffic: TrafficRecord): void {
    this.#sponsors.note(traffic)
  }

  /** How each stood within the last minute. */
  get status(): readonly SponsorStatus[] {
    return this.#sponsors.status
  }

  /** Pays for what was counted last, and writes it down. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#nextTick?.()
    if (this.#policy?.config.sponsors === undefined) return
    this.#sponsors.tick(this.#now)
    await this.#writing
    await this.#write()
  }

  get #now(): number {
    return this.#runtime.date().getTime()
  }

  #follow(policy: Policy): void {
    const { config, sponsorship, backends } = policy
    const isFirst = this.#policy === undefined
    this.#policy = policy
    this.#nextTick?.()
    if (config.sponsors === undefined || sponsorship === undefined) {
      this.#sponsors = new Sponsors([], this.#now)
      return
    }
    const all = backends.all.map(({ backend }) => backend)
    const payers = payersOf(config.sponsors, all)
    const replicas = config.pacing?.replicas ?? 1
    const parts = config.sponsors.map(
      (sponsor): SponsorParts => ({
        config: sponsor,
        backends: all.filter((backend) => payers.get(backend) === sponsor),
        table: sponsorship.tables.get(sponsor.id),
        replicas,
      }),
    )
    // What is counted but not paid for yet goes with the accounts that counted it.
    this.#sponsors.tick(this.#now)
    const records = [...this.#sponsors.records, ...(sponsorship.ledger ?? [])]
    this.#sponsors = new Sponsors(parts, this.#now, records)
    if (isFirst) this.#tellBeginning(sponsorship.ledger !== undefined)
    this.#tick()
  }

  #tellBeginning(hasLedger: boolean): void {
    const { sponsors, pacing } = this.#policy!.config
    const { log } = this.#runtime
    const replicas = pacing?.replicas ?? 1
    if (replicas > 1) log.info({ replicas }, 'this door goes by its part of the budgets of all sponsors')
    if (hasLedger) return
    const ids = sponsors!.filter(({ spent }) => spent === undefined).map(({ id }) => id)
    if (ids.length === 0) return
    const file = pacing?.ledger
    const msg =
      file === undefined
        ? 'nothing says what sponsors have spent before, and pacing.ledger, by which it would be known after a restart, is not set: they begin from nothing'
        : 'there is no ledger yet: sponsors begin from nothing'
    log.warn({ sponsors: ids, ...(file !== undefined && { file }) }, msg)
  }

  #tick(): void {
    const steered = this.#sponsors.tick(this.#now)
    const { status } = this.#sponsors
    const shares = new Map(status.map(({ id, pace }) => [id, pace]))
    this.#paced.usePaces(shares)
    for (const { parts, pace } of steered) {
      const { spent, left, unit } = status.find(({ id }) => id === parts.config.id)!
      const money = { spent: formatQuantity(spent, unit), left: formatQuantity(left, unit) }
      this.#runtime.log.info(
        { sponsor: parts.config.id, pace, ...money },
        'the pace of a sponsor has changed',
      )
    }
    this.#tellAlarms(status)
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
    this.#runtime.background(this.#writing)
    this.#nextTick = this.#runtime.after(PERIOD, () => this.#tick())
  }

  #tellAlarms(status: readonly SponsorStatus[]): void {
    const before = this.#alarms
    this.#alarms = new Map(status.map(({ id, alarm }) => [id, alarm]))
    for (const { id, alarm, projectedEnd, unit, left } of status) {
      const last = before.get(id) ?? 'none'
      if (alarm === last) continue
      const ends = projectedEnd === undefined ? {} : { ends: new Date(projectedEnd).toISOString() }
      const fields = { sponsor: id, alarm, left: formatQuantity(left, unit), ...ends }
      if (alarm === 'none') this.#runtime.log.info(fields, 'the budget of a sponsor lasts again')
      else this.#runtime.log.warn(fields, WORDS[alarm])
    }
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    const { ledger } = this.#policy?.config.pacing ?? {}
    const { ledger: storage, log } = this.#runtime
    if (ledger === undefined || storage === undefined) return
    try {
      await storage.write(ledger, encodeLedger(this.#sponsors.records, this.#runtime.date()))
      if (this.#cannotWrite) log.info({ file: ledger }, 'the ledger of sponsors is written again')
      this.#cannotWrite = false
    } catch (error) {
      if (!this.#cannotWrite)
        log.error({ file: ledger, err: error }, 'the ledger of sponsors cannot be written')
      this.#cannotWrite = true
    }
  }
}

const WORDS: Readonly<Record<Exclude<Alarm, 'none'>, string>> = {
  'used-up': 'the budget of a sponsor is used up',
  'ends-early': 'the budget of a sponsor ends early if it goes on so',
  unpriced: 'some traffic of a sponsor has no price, and is not counted as spent',
}
