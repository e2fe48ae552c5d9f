import type { TrafficRecord } from './billed-month.ts'
import {
  SponsorAccount,
  type SponsorParts,
  type SponsorRecord,
  type SponsorStatus,
} from './sponsor-account.ts'

/** All sponsors of a config. One of them is steered at a time. */
export class Sponsors {
  readonly #accounts: readonly SponsorAccount[]
  readonly #byBackend: ReadonlyMap<string, SponsorAccount>

  /** Goes on from the records of sponsors of the same id and unit; `now` is in milliseconds since 1970. */
  constructor(all: readonly SponsorParts[], now: number, records: readonly SponsorRecord[] = []) {
    this.#accounts = all.map((parts) => new SponsorAccount(parts, now))
    for (const account of this.#accounts) {
      const record = records.find(({ id }) => id === account.parts.config.id)
      if (record !== undefined) account.restore(record)
    }
    this.#byBackend = new Map(
      this.#accounts.flatMap((account) =>
        account.parts.backends.map(({ id }): [string, SponsorAccount] => [id, account]),
      ),
    )
  }

  /** Who pays for a backend, by its id; `undefined` where nobody does. */
  of(backend: string): SponsorAccount | undefined {
    return this.#byBackend.get(backend)
  }

  /** Counts what a backend was asked for; does nothing where nobody pays for it. */
  note(traffic: TrafficRecord): void {
    this.#byBackend.get(traffic.backend)?.note(traffic)
  }

  /** Pays for what was counted, and looks at every pace. Gives the sponsors whose pace became another one. */
  tick(now: number): SponsorAccount[] {
    const steered: SponsorAccount[] = []
    for (const account of this.#accounts) {
      if (account.tick(now, steered.length > 0)) steered.push(account)
    }
    return steered
  }

  get status(): readonly SponsorStatus[] {
    return this.#accounts.map((account) => account.status)
  }

  get records(): readonly SponsorRecord[] {
    return this.#accounts.map((account) => account.record)
  }
}
