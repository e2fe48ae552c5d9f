import type { Log } from '../telemetry/log.ts'
import type { Exchange } from './door.ts'

/** How much of a request target a log line repeats. */
const TARGET_MAX = 512

/**
 * One line a request: what was asked, what was answered and why. Where the client is goes in, who it is does not.
 * What is escaped is left to the log's JSON.
 */
export function createAccessLog(log: Log): (exchange: Exchange) => void {
  return ({ request, reply, client, decision, duration }) => {
    const { target } = request
    log.info(
      {
        method: request.method,
        target: target.length <= TARGET_MAX ? target : `${target.slice(0, TARGET_MAX)}…`,
        status: reply.status,
        durationMs: Math.round(duration * 1000) / 1000,
        ...(client && {
          client: client.located?.place.name ?? 'unknown',
          knownBy: client.located?.source ?? client.via,
        }),
        ...(decision && {
          decision: decision.kind,
          reason: decision.reason,
          ...(decision.kind !== 'refuse' && decision.backend && { backend: decision.backend.id }),
          ...(decision.passedOver.length > 0 && {
            passedOver: decision.passedOver.map(
              (passed) => `${passed.candidate.backend.id}: ${passed.because}`,
            ),
          }),
        }),
      },
      'request',
    )
  }
}
