import type { SpillConfig } from '../config/config.ts'
import type { Backend } from '../routing/backend.ts'
import type { Decision } from '../routing/decide.ts'
import type { Clock } from '../runtime.ts'

const MINUTE = 60_000

/** What became of the requests of one backend that is down, in one minute. */
interface Tally {
  readonly minute: number
  requests: number
  moved: number
}

/** Bounds how much of the traffic of a backend that is down moves to others, so that an outage does not cascade. */
export interface Spill {
  maySpill(from: Backend, to: Backend): boolean
  readonly overSpill: SpillConfig['over']
  /** Takes note of a decision with `movedFrom`. */
  count(decision: Decision): void
}

export function createSpill(config: () => SpillConfig | undefined, clock: Clock): Spill {
  const tallies = new Map<string, Tally>()

  function tallyOf({ id }: Backend): Tally {
    const minute = Math.floor(clock.now() / MINUTE)
    let tally = tallies.get(id)
    if (tally?.minute !== minute) {
      tally = { minute, requests: 0, moved: 0 }
      tallies.set(id, tally)
    }
    return tally
  }

  return {
    maySpill(from) {
      const bound = config()
      if (bound === undefined) return true
      const { requests, moved } = tallyOf(from)
      return moved + 1 <= bound.maxShare * (requests + 1)
    },
    get overSpill() {
      return config()?.over ?? 'canonical'
    },
    count(decision) {
      if (decision.movedFrom === undefined) return
      const tally = tallyOf(decision.movedFrom)
      tally.requests++
      const isMoved =
        decision.kind !== 'refuse' && !(decision.backend?.kind === 'upstream' && decision.backend.canonical)
      if (isMoved) tally.moved++
    },
  }
}
