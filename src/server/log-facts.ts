import { UNDELIVERED } from '../backends/backend-state.ts'
import { isInTraffic } from '../backends/health/health-state.ts'
import type { InventoryAttempt } from '../backends/inventory/store-inventory.ts'
import type { BackendEvent } from '../backends/live-backend.ts'
import type { Log } from '../telemetry/log.ts'

/** Writes what facts changed: a line for what an operator wants to know of, none for the rest. */
export function logFacts(log: Log): (event: BackendEvent) => void {
  return (event) => {
    logOwnership(log, event)
    logContent(log, event)
    logHealth(log, event)
    const { fact, backend } = event
    if (fact.kind === 'inventory') logAttempt(log, backend.id, fact.attempt, fact.before)
    if (fact.kind === 'undelivered') log.warn({ backend: backend.id, digest: fact.digest }, UNDELIVERED)
  }
}

function logHealth(log: Log, { backend: { id }, before, after }: BackendEvent): void {
  const [from, to] = [before.health.status, after.health.status]
  const { lastFailure } = after.health
  if (to === 'pending' && lastFailure !== undefined && before.health.lastFailure === undefined) {
    log.warn({ backend: id, why: lastFailure }, 'a backend did not pass its first check; it is tried again')
  }
  if (from === to) return
  const why = after.history.at(-1)?.why
  const fields = { backend: id, from, to, ...(why !== undefined && { why }) }
  if (isInTraffic(after.health)) log.info(fields, 'a backend entered traffic')
  else log.warn(fields, 'a backend left traffic')
}

function logOwnership(log: Log, { backend: { id }, before, after }: BackendEvent): void {
  const { status, because, why } = after.ownership
  if (status === before.ownership.status && because === before.ownership.because) return
  if (status === 'proven') log.info({ backend: id }, 'a store has proven whose it is')
  else log.error({ backend: id, because, why }, 'a store does not prove whose it is, and gets no clients')
}

function logContent(log: Log, { backend: { id }, fact, before, after }: BackendEvent): void {
  if (after.misses.all !== before.misses.all) {
    if (after.misses.all) log.error({ backend: id }, 'a store has nothing of what it should have')
    else log.info({ backend: id }, 'a store has what it should have again')
  }
  if (after.forgotten !== before.forgotten) {
    const message =
      'a store lost its health-check object or answers wrongly; it is asked anew about every blob'
    log.warn({ backend: id }, message)
  }
  if (after.manifests?.works === false && before.manifests?.works !== false) {
    const fields = { backend: id, why: after.manifests.why }
    log.warn(
      fields,
      'a store does not serve manifests as clients need them; each is looked at before it is used',
    )
  } else if (after.manifests?.works && before.manifests?.works === false) {
    log.info({ backend: id }, 'a store serves manifests as clients need them again')
  }
  if (fact.kind === 'checked' && after.believed && !before.believed) {
    log.info({ backend: id }, 'a store has its health-check object again; its inventory is believed')
  }
}

function logAttempt(log: Log, backend: string, attempt: InventoryAttempt, before: string | undefined): void {
  switch (attempt.kind) {
    case 'failed': {
      const { problem } = attempt
      if (problem !== before) log.warn({ backend, problem }, 'the newest inventory of a store was not taken')
      return
    }
    case 'loaded': {
      const { at, count } = attempt.inventory
      const fields = { backend, at: new Date(at).toISOString(), entries: count }
      log.info(fields, 'a new inventory of a store is in use')
      return
    }
    case 'unchanged':
      if (before !== undefined) log.info({ backend }, 'the inventory of a store is right again')
  }
}
