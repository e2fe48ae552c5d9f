import type { DeliveryChecks } from '../backends/retries/delivery-checks.ts'
import { within } from '../internal/within.ts'
import type { RouteSources } from '../routing/route.ts'
import type { Runtime } from '../runtime.ts'
import type { Policy } from './in-force.ts'

/** Notices clients that come back for a blob that a store should have given them; they wait for what a check finds. */
export function noticeRetries(
  checks: DeliveryChecks,
  policy: () => Policy,
  runtime: Pick<Runtime, 'after'>,
): NonNullable<RouteSources['notice']> {
  return ({ method, request, client }, decision) => {
    if (method !== 'GET' || request.kind !== 'blob') return undefined
    if (decision.kind !== 'redirect' || decision.backend.kind !== 'store') return undefined
    const { backends, config } = policy()
    const live = backends.of(decision.backend)
    const check = live && checks.note(client.address, live, request)
    return check && within(runtime, config.presence.timeout, check, undefined)
  }
}
