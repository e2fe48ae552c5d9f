import type { FailuresConfig } from '../../config/legacy-config.ts'

/** How far back failures count: so many steps of so many milliseconds. */
const STEPS = 5
const STEP = 60_000

/** Clients, each counted once a minute, and how many of them failed. */
export interface Tally {
  readonly asked: number
  readonly failed: number
}

/** What has risen: the failures of a phase's clients, and of those for whom it is not. */
export interface Rise {
  readonly cohort: Tally
  readonly others: Tally
}

/** Twice what others fail, and more, is no chance. */
const RISE = 2

/** Counts by phase whom it failed within the last five minutes; who they were it does not know. */
export class FailureCount {
  /** By step, and in it by phase; `''` for those for whom none is. */
  readonly #steps = new Map<number, Map<string, { asked: number; failed: number }>>()

  /** Counts clients for whom this phase was in force, at a moment in milliseconds. */
  note(phase: string, { asked, failed }: Tally, now: number): void {
    const step = Math.floor(now / STEP)
    let tallies = this.#steps.get(step)
    if (tallies === undefined) {
      for (const each of this.#steps.keys()) if (each <= step - STEPS || each > step) this.#steps.delete(each)
      tallies = new Map()
      this.#steps.set(step, tallies)
    }
    const tally = tallies.get(phase) ?? { asked: 0, failed: 0 }
    tally.asked += asked
    tally.failed += failed
    tallies.set(phase, tally)
  }

  /** Whether the failures of a phase's clients have risen above a limit, and above those of others; `undefined` if not. */
  rise(phase: string, { share, least }: FailuresConfig, now: number): Rise | undefined {
    const cohort = { asked: 0, failed: 0 }
    const others = { asked: 0, failed: 0 }
    const step = Math.floor(now / STEP)
    for (const [each, tallies] of this.#steps) {
      if (each <= step - STEPS || each > step) continue
      for (const [id, { asked, failed }] of tallies) {
        const sum = id === phase ? cohort : others
        sum.asked += asked
        sum.failed += failed
      }
    }
    if (cohort.asked < least || shareOf(cohort) <= share) return undefined
    const usual = others.asked < least ? 0 : shareOf(others)
    return shareOf(cohort) > RISE * usual ? { cohort, others } : undefined
  }
}

function shareOf({ asked, failed }: Tally): number {
  return asked === 0 ? 0 : failed / asked
}
