import { hashText } from '../../internal/text-hash.ts'
import { isAside, isRequest, type LogFormat, type LoggedRequest } from './logged-request.ts'

/** Characters; a longer line is no line of a log. */
export const LINE_MAX = 64 * 1024
export const TOO_LONG = `it is longer than ${LINE_MAX} characters`

/** So many lines that cannot be read are shown. */
export const SHOWN_MAX = 5
/** Characters of a line that are shown. */
const TEXT_MAX = 120

/** A line that could not be read. */
export interface UnknownLine {
  /** From 1. */
  readonly line: number
  readonly why: string
  /** How it begins. */
  readonly text: string
}

/** What stood in a chunk of lines. */
export interface ReadChunk {
  readonly lines: number
  readonly requests: readonly LoggedRequest[]
  /** How many of the requests have an address that stands for its network, and how many have none. */
  readonly masked: number
  readonly unaddressed: number
  readonly asides: number
  readonly unknown: number
  /** The first of these, counted from the chunk's first line. */
  readonly shown: readonly UnknownLine[]
  /** Of each request a hash of what it is known by; 0 where its log has nothing of the kind. */
  readonly ids: Float64Array<ArrayBuffer>
}

const decoder = new TextDecoder()

/**
 * Reads lines in a form; `header` is the last one before them, in a log that has such. Bytes that are no UTF-8 become
 * U+FFFD, which no name and no digest has.
 */
export function readChunk(bytes: Uint8Array, format: LogFormat, header: string | undefined): ReadChunk {
  const read = format.open()
  if (header !== undefined) read(header)
  const text = decoder.decode(bytes)
  const requests: LoggedRequest[] = []
  const shown: UnknownLine[] = []
  let lines = 0
  let asides = 0
  let unknown = 0
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    const line = text.slice(start, text.charCodeAt(end - 1) === 0x0d ? end - 1 : end)
    start = end + 1
    lines++
    if (line.length > LINE_MAX) {
      unknown++
      if (shown.length < SHOWN_MAX) shown.push({ line: lines, why: TOO_LONG, text: '' })
      continue
    }
    if (line.trim() === '') {
      asides++
      continue
    }
    const found = read(line)
    if (isRequest(found)) requests.push(found)
    else if (isAside(found)) asides++
    else {
      unknown++
      if (shown.length < SHOWN_MAX) shown.push({ line: lines, why: found.why, text: beginningOf(line) })
    }
  }
  let masked = 0
  let unaddressed = 0
  for (const { client } of requests) {
    if (client.address === undefined) unaddressed++
    else if (client.isMasked) masked++
  }
  const ids = Float64Array.from(requests, idOf)
  return { lines, requests, masked, unaddressed, asides, unknown, shown, ids }
}

/** What is shipped twice has its time twice, too. */
function idOf({ id, at }: LoggedRequest): number {
  return id === undefined ? 0 : Math.max(1, hashText(`${id} ${at}`))
}

/** Fit for a terminal, whatever stands in it. */
function beginningOf(line: string): string {
  const text = line.slice(0, TEXT_MAX).replace(/\p{C}/gu, '\u{fffd}')
  return line.length > TEXT_MAX ? `${text}…` : text
}
