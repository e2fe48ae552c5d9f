import type { RequestedRange } from '../backends/retries/attempt.ts'
import type { ReturningClients } from '../backends/retries/returning-clients.ts'
import { within } from '../internal/within.ts'
import type { RouteSources } from '../routing/route.ts'
import type { Runtime } from '../runtime.ts'
import type { Policy } from './in-force.ts'

/** Notices clients that come back for what a store should have given them. */
export function noticeRetries(
  clients: ReturningClients,
  policy: () => Policy,
  runtime: Pick<Runtime, 'after'>,
): NonNullable<RouteSources['notice']> {
  return ({ method, request, client, sender }, decision) => {
    const { address } = client
    if (address === undefined || decision.kind === 'refuse') return undefined
    if (request.kind === 'manifest') {
      clients.noteManifest(address, request)
      return undefined
    }
    if (method !== 'GET' || request.kind !== 'blob') return undefined
    if (decision.kind !== 'redirect' || decision.backend.kind !== 'store') return undefined
    const { backends, config } = policy()
    const live = backends.of(decision.backend)
    if (live === undefined) return undefined
    const notice = clients.noteBlob(address, live, request, rangeOf(sender?.header('range')))
    if (notice?.kind !== 'wait') return notice
    // Not before somebody waits for it: workerd complains of what is told to a request that was answered.
    const until = () => within(runtime, config.presence.timeout, notice.until(), undefined)
    return { kind: 'wait', until }
  }
}

const WHOLE: RequestedRange = { start: 0, open: true }
/** RFC 9110, 14.1.2: one range; its suffix form and several ranges no registry client sends. */
const RANGE = /^bytes=[ \t]*([0-9]{1,15})-([0-9]*)[ \t]*$/i

/** Which bytes a `Range` asks for; all of them where it cannot be read. */
export function rangeOf(header: string | undefined): RequestedRange {
  const match = header === undefined ? null : RANGE.exec(header)
  return match === null ? WHOLE : { start: Number(match[1]), open: match[2] === '' }
}
