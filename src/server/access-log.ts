import type { LogConfig } from '../config/config.ts'
import { type Address, formatAddress } from '../net/address.ts'
import { firstAddress, formatPrefix } from '../net/prefix.ts'
import type { Decision } from '../routing/decide.ts'
import type { Log } from '../telemetry/log.ts'
import type { Observe } from './sent.ts'

/** How much of a request target a log line repeats. */
const TARGET_MAX = 512

/**
 * One line a request: what was asked, what was answered and why. Where the client is goes in; who it is, only as far
 * as `addresses` allows. What is escaped is left to the log's JSON.
 */
export function createAccessLog(log: Log, addresses: LogConfig['addresses']): Observe {
  return ({ id, request, reply, client, decision, relayed, asked, duration }, sent) => {
    const { target } = request
    // One object of one shape: what is undefined is no part of its JSON.
    log.info(
      {
        id: id(),
        method: request.method,
        target: target.length <= TARGET_MAX ? target : `${target.slice(0, TARGET_MAX)}…`,
        status: reply.status,
        durationMs: Math.round(duration * 1000) / 1000,
        client: client && (client.located?.place.name ?? 'unknown'),
        knownBy: client && (client.located?.source ?? client.via),
        address: addresses === 'off' ? undefined : client?.address && formatted(client.address, addresses),
        decision: decision?.kind,
        reason: decision?.reason,
        backend: decision && decision.kind !== 'refuse' ? decision.backend?.id : undefined,
        policy: decision?.policy,
        passedOver: decision && passedOver(decision),
        registry: relayed?.registry,
        cache: relayed?.cache,
        bytes: relayed?.bytes ?? sent?.bytes,
        bytesKnown: sent?.method === 'GET' ? sent.known : undefined,
        sponsor: sent?.sponsor,
        stale: relayed?.stale?.because,
        failure: relayed?.failure,
        legacy: asked?.answer,
        phase: asked?.phase || undefined,
      },
      'request',
    )
  }
}

function passedOver({ passedOver }: Decision): readonly string[] | undefined {
  if (passedOver.length === 0) return undefined
  return passedOver.map(({ candidate, because }) => `${candidate.backend.id}: ${because}`)
}

/** How much of an address still tells networks apart, but no longer people. */
const MASK = { 4: 24, 6: 48 } as const

function formatted(address: Address, addresses: 'masked' | 'full'): string {
  if (addresses === 'full') return formatAddress(address)
  const length = MASK[address.family]
  return formatPrefix({ address: firstAddress(address, length), length })
}
