import type { PortolanError } from '../errors.ts'
import { failureOf } from '../relay/failure.ts'
import { faultReply } from './fault-reply.ts'
import type { DoorReply } from './reply.ts'

/** How much of an error a client is told. */
const ECHO_MAX = 300

/**
 * What a client is told when a mirror has nothing to give. Never 429, which containerd asks again at once and up to five
 * times, and never 401, upon which it would hand its own credentials over; by these, clients go to their next host.
 */
export function failureReply(error: PortolanError): DoorReply {
  const { kind, retryAfter } = failureOf(error)
  const message = error.message.replace(/[^\x20-\x7e]/g, ' ').slice(0, ECHO_MAX)
  if (kind === 'refused') return faultReply({ code: 'DENIED', message })
  const fault = { code: 'UNAVAILABLE', message } as const
  return kind === 'limited' || retryAfter !== undefined
    ? faultReply(fault, 503, isRetryAfter(retryAfter) ? { 'Retry-After': retryAfter } : {})
    : faultReply(fault, 502)
}

/** RFC 9110, 10.2.3: seconds or a date. Anything else that an upstream writes there goes to no client. */
function isRetryAfter(value: string | undefined): value is string {
  if (value === undefined) return false
  return (
    /^\d{1,9}$/.test(value) || (/^[A-Za-z]{3}, [\w :]+ GMT$/.test(value) && !Number.isNaN(Date.parse(value)))
  )
}
