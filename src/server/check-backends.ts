import type { Backends } from '../backends/backends.ts'
import type { HealthState } from '../backends/health/health-state.ts'
import type { LiveBackend } from '../backends/live-backend.ts'
import type { OwnershipStatus } from '../backends/ownership/ownership-status.ts'
import type { Runtime } from '../runtime.ts'

/** What the checks of a backend have come to, for another door to go on from; moments are milliseconds since 1970. */
export interface HealthRecord {
  /** What tells one backend from another, its config included. */
  readonly fingerprint: string
  readonly health: HealthState
  readonly ownership: OwnershipStatus
}

/**
 * Checks every backend now, going on from what another door has recorded, and gives what is to be recorded then. What has
 * no record is checked as it is known here. Never rejects.
 */
export async function checkBackends(
  { all, environment }: Backends,
  before: readonly HealthRecord[],
  runtime: Pick<Runtime, 'now' | 'date'>,
): Promise<HealthRecord[]> {
  const records = new Map(before.map((record) => [record.fingerprint, record]))
  const epoch = runtime.date().getTime() - runtime.now()
  const checked = all.filter(({ isLocal }) => !isLocal)
  for (const live of checked) {
    const record = records.get(live.fingerprint)
    if (record !== undefined) live.record({ kind: 'resumed', ...moved(record, -epoch) })
  }
  await Promise.all(checked.map((live) => environment.checks.run(() => live.inspect())))
  return checked.map((live) => recordOf(live, epoch))
}

function recordOf({ fingerprint, state: { health, ownership } }: LiveBackend, epoch: number): HealthRecord {
  return { fingerprint, ...moved({ health, ownership }, epoch) }
}

/** The same by another clock. */
function moved(
  { health, ownership }: Pick<HealthRecord, 'health' | 'ownership'>,
  by: number,
): Pick<HealthRecord, 'health' | 'ownership'> {
  return {
    health: { ...health, since: health.since + by, notBefore: health.notBefore + by },
    ownership: { ...ownership, recheckAt: ownership.recheckAt + by },
  }
}
