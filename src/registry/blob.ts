import { PortolanError } from '../errors.ts'
import { reasonOf } from '../transport/reason.ts'
import { watchStream } from '../transport/watch-body.ts'
import type { Asker } from './ask.ts'
import { firstBytes } from './first-bytes.ts'
import type { RegistryQuestion } from './question.ts'
import type { BlobInfo, BlobOptions, OpenedBlob } from './reader.ts'
import { refusal } from './refusal.ts'

/** RFC 9110, 14.4, with a size that may be unknown. */
const CONTENT_RANGE = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/

/** Which bytes are asked for; without an end, all there are. */
type Part = Pick<BlobOptions, 'start' | 'end'>

/** Whether there is a blob, by HEAD; by GET where that is not allowed. */
export async function statBlob(asker: Asker, question: RegistryQuestion): Promise<BlobInfo | undefined> {
  const head: RegistryQuestion = { ...question, method: 'HEAD' }
  const response = await asker.ask(head)
  await response.body?.cancel()
  const size = sizeOf(response)
  if (response.status === 200) return size === undefined ? {} : { size }
  if (response.status === 404) return undefined
  if (response.status !== 405) throw await refusal(head, response)
  const opened = await openBlob(asker, question, {})
  await opened?.body.cancel()
  return opened && (opened.size === undefined ? {} : { size: opened.size })
}

/**
 * The bytes of a blob from `start` on, or from 0 when the registry will not begin there. Its body rejects with
 * `UNREACHABLE` when it breaks off, and with the reason of the question's signal when that aborts.
 */
export async function openBlob(
  asker: Asker,
  question: RegistryQuestion,
  part: Part,
): Promise<OpenedBlob | undefined> {
  const { start = 0, end = Number.POSITIVE_INFINITY } = part
  const whole = start === 0 && end === Number.POSITIVE_INFINITY
  // An empty range cannot be written down; its first byte is left out below.
  const last = end === Number.POSITIVE_INFINITY ? '' : Math.max(start, end - 1)
  const headers = whole ? undefined : { Range: `bytes=${start}-${last}` }
  const response = await asker.ask({ ...question, ...(headers && { headers }) })
  const { status } = response
  switch (status) {
    case 200:
      return opened(question, response, { start: 0, end }, sizeOf(response))
    case 206: {
      const range = readContentRange(response)
      if (range?.first === start) {
        return opened(question, response, { start, end }, range.size)
      }
      await response.body?.cancel()
      throw new PortolanError(
        'CONTENT_INVALID',
        `${question.what} is refused: asked for its bytes from ${start} on, the registry gave others`,
        question.facts,
      )
    }
    case 404:
      await response.body?.cancel()
      return undefined
    // There are no bytes from there on, or the server takes offence at `Range` (some do): the whole blob will tell.
    case 400:
    case 416:
      if (whole) throw await refusal(question, response)
      await response.body?.cancel()
      return untilEnd(await openBlob(asker, question, {}), end)
    default:
      throw await refusal(question, response)
  }
}

function opened(
  question: RegistryQuestion,
  response: Response,
  { start, end }: Required<Part>,
  size: number | undefined,
): OpenedBlob {
  const body = withErrors(question, response.body ?? new Response('').body!)
  return untilEnd({ start, ...(size !== undefined && { size }), body }, end)
}

/** Not every server heeds where a range ends. */
function untilEnd<Opened extends OpenedBlob | undefined>(blob: Opened, end: number): Opened {
  if (blob === undefined || end === Number.POSITIVE_INFINITY) return blob
  return { ...blob, body: firstBytes(blob.body, end - blob.start) }
}

function withErrors({ what, facts, signal }: RegistryQuestion, body: ReadableStream<Uint8Array>) {
  return watchStream(body, {
    async read(read) {
      try {
        return await read()
      } catch (error) {
        if (signal?.aborted) throw signal.reason
        throw new PortolanError('UNREACHABLE', `${what} broke off: ${reasonOf(error)}`, facts, error)
      }
    },
  })
}

/** Which bytes an answer has, of how many; `undefined` where it does not say so, or has them encoded. */
export function readContentRange(
  response: Response,
): { first: number; last: number; size?: number } | undefined {
  if (isEncoded(response)) return undefined
  const range = CONTENT_RANGE.exec(response.headers.get('Content-Range') ?? '')
  if (range === null) return undefined
  const [first, last, size] = range.slice(1).map(Number) as [number, number, number]
  if (range[3] === '*') return { first, last }
  return first <= last && last < size ? { first, last, size } : undefined
}

/** What an answer says of the whole blob's bytes; encoded against what was asked, it has the lengths of other bytes. */
function sizeOf(response: Response): number | undefined {
  const length = response.headers.get('Content-Length')
  return length !== null && /^\d{1,15}$/.test(length) && !isEncoded(response) ? Number(length) : undefined
}

function isEncoded(response: Response): boolean {
  return !['', 'identity'].includes((response.headers.get('Content-Encoding') ?? '').trim().toLowerCase())
}
