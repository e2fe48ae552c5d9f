import { STATUS_CODES } from 'node:http'
import type { DoorReply } from '../../server/reply.ts'

/** What a field value may not hold: RFC 9110, 5.5, without its obsolete text. */
const NOT_VALUE = /[^\t -~]/

/**
 * Writes a reply that is all there, as text of latin-1 characters or as bytes. `undefined` when it has to be streamed,
 * when its headers do not tell its length, or when a header could not stand on the wire: node:http knows what to do.
 */
export function formatPlainReply(
  { status, headers, body }: DoorReply,
  method: string,
  close: boolean,
): string | Uint8Array | undefined {
  if (body instanceof ReadableStream) return undefined
  if (headers['Content-Length'] === undefined && status !== 304 && method !== 'HEAD') return undefined
  let head = startOf(status)
  for (const name in headers) {
    const value = headers[name]!
    if (NOT_VALUE.test(value)) return undefined
    head += `${name}: ${value}\r\n`
  }
  head += close ? 'Connection: close\r\n\r\n' : '\r\n'
  if (body === undefined || method === 'HEAD') return head
  return Buffer.concat([Buffer.from(head, 'latin1'), typeof body === 'string' ? Buffer.from(body) : body])
}

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
