import { STATUS_CODES } from 'node:http'
import { faultReply } from '../../server/fault-reply.ts'
import type { DoorReply } from '../../server/reply.ts'
import type { HeadFault } from './request-head.ts'

/** How long a client that is turned away waits before it comes back, in seconds. */
const RETRY_AFTER = '1'

export const TOO_MANY_CONNECTIONS: HeadFault = {
  status: 503,
  reason: 'there are too many connections',
  headers: { 'Retry-After': RETRY_AFTER },
}

export const OVERLOADED: HeadFault = {
  status: 503,
  reason: 'there is more to do than can be done',
  headers: { 'Retry-After': RETRY_AFTER },
}

export const NOT_TLS: HeadFault = { status: 400, reason: 'this port speaks TLS alone: ask by https' }

/** What a client is told when a door threw. */
export const FAILED: HeadFault = { status: 500, reason: 'the request failed here; it may be tried again' }

/** A refusal in the words of the OCI spec. */
export function refusalReply({ status, reason, headers }: HeadFault): DoorReply {
  return faultReply(
    { code: status === 503 ? 'TOOMANYREQUESTS' : 'UNSUPPORTED', message: reason },
    status,
    headers,
  )
}

/** The bytes of a refusal, the last ones of a connection; without a body for HEAD. */
export function formatRefusal(fault: HeadFault, method?: string): string {
  const { status, headers, body } = refusalReply(fault)
  const fields = Object.entries({ ...headers, Date: new Date().toUTCString(), Connection: 'close' })
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`)
  const start = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
  return `${start}${lines.join('')}\r\n${method === 'HEAD' ? '' : body}`
}
