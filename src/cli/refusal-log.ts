import type { RefusedRequest } from '../adapters/listener.ts'
import type { Clock } from '../runtime.ts'
import type { Log } from '../telemetry/log.ts'

/** Between two lines about refusals for one reason, in milliseconds. */
const PERIOD = 1000

/** What was refused before a door saw it. */
export interface RefusalLog {
  note(refusal: RefusedRequest): void
  /** How many were refused so far, by status. */
  readonly counts: ReadonlyMap<RefusedRequest['status'], number>
}

/**
 * Logs and counts refusals. Of many for one reason within a second one line tells, so that whoever is refused does not
 * decide how much is written.
 */
export function createRefusalLog(log: Log, { after }: Pick<Clock, 'after'>): RefusalLog {
  const counts = new Map<RefusedRequest['status'], number>()
  /** By reason, which is of a closed set: how many were not told of yet. */
  const untold = new Map<string, number>()

  function tell({ status, reason }: RefusedRequest, times: number): void {
    untold.set(reason, 0)
    log.warn({ status, reason, times }, 'refused before it was a request')
    after(PERIOD, () => {
      const more = untold.get(reason)!
      if (more === 0) untold.delete(reason)
      else tell({ status, reason, peer: '' }, more)
    })
  }

  return {
    counts,
    note(refusal) {
      counts.set(refusal.status, (counts.get(refusal.status) ?? 0) + 1)
      const before = untold.get(refusal.reason)
      if (before === undefined) tell(refusal, 1)
      else untold.set(refusal.reason, before + 1)
    },
  }
}
