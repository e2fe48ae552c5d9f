import { STATUS_CODES } from 'node:http'
import type { DoorReply } from '../../server/reply.ts'
import { isFlowing } from './send-body.ts'

/**
 * Writes a reply as text of latin-1 characters or as bytes; of one with a stream or a file all but that. `undefined` when its
 * headers do not tell its length, or when a header could not stand on the wire: node:http knows what to do.
 */
export function formatPlainReply(
  { status, headers, body }: DoorReply,
  method: string,
  close: boolean,
): string | Uint8Array | undefined {
  const length = headers['Content-Length']
  if (length === undefined && status !== 304 && method !== 'HEAD') return undefined
  let head = startOf(status)
  for (const name in headers) {
    const value = headers[name]!
    if (!VALUE.test(value)) return undefined
    head += `${name}: ${value}\r\n`
  }
  head += close ? 'Connection: close\r\n\r\n' : '\r\n'
  if (body === undefined || isFlowing(body) || method === 'HEAD') return head
  return Buffer.concat([Buffer.from(head, 'latin1'), typeof body === 'string' ? Buffer.from(body) : body])
}

/** What of RFC 9110, 5.5 no client reads in two ways: no line break, which would make another header, and no latin-1. */
const VALUE = /^[\t -~]*$/

let second = 0
const starts = new Map<number, string>()

/** Status line and Date (RFC 9110, 6.6.1), the same for every reply of one status within a second. */
function startOf(status: number): string {
  const now = Math.floor(Date.now() / 1000)
  if (now !== second) {
    second = now
    starts.clear()
  }
  let start = starts.get(status)
  if (start === undefined) {
    start = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nDate: ${new Date(now * 1000).toUTCString()}\r\n`
    starts.set(status, start)
  }
  return start
}
