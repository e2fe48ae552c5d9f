import { STATUS_CODES } from 'node:http'
import type { DoorReply } from '../../server/reply.ts'

/**
 * Writes a reply as text of latin-1 characters or as bytes; of one with a stream all but that. `undefined` when its
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
  let lines = 3 // the two of the start, and the empty one
  for (const name in headers) {
    head += `${name}: ${headers[name]!}\r\n`
    lines++
  }
  if (close) {
    head += 'Connection: close\r\n'
    lines++
  }
  head += '\r\n'
  if (!patternOf(lines).test(head)) return undefined
  if (body === undefined || body instanceof ReadableStream || method === 'HEAD') return head
  return Buffer.concat([Buffer.from(head, 'latin1'), typeof body === 'string' ? Buffer.from(body) : body])
}

const patterns: RegExp[] = []

/** So many lines of printable ASCII and no more: a line break within a value would make another one. */
function patternOf(lines: number): RegExp {
  patterns[lines] ??= new RegExp(String.raw`^(?:[\t -~]*\r\n){${lines}}$`)
  return patterns[lines]
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
