import { PortolanError } from '../errors.ts'
import { reasonOf } from '../transport/reason.ts'
import { watchStream } from '../transport/watch-body.ts'
import type { Asker, Question } from './ask.ts'
import { refusal } from './refusal.ts'
import type { FetchedBlob } from './registry.ts'

/** RFC 9110, 14.4, with a size that may be unknown. */
const CONTENT_RANGE = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/

/**
 * The bytes of a blob from `start` on, or from 0 when the registry will not begin there. Its body rejects with
 * `UNREACHABLE` when it breaks off, and with the reason of the question's signal when that aborts.
 */
export async function fetchBlob(
  asker: Asker,
  question: Question,
  start: number,
): Promise<FetchedBlob | undefined> {
  const headers = start > 0 ? { Range: `bytes=${start}-` } : undefined
  const response = await asker.ask({ ...question, ...(headers && { headers }) })
  const { status } = response
  switch (status) {
    case 200:
      return fetched(question, response, 0, isEncoded(response) ? undefined : lengthOf(response))
    case 206: {
      const range = readContentRange(response)
      if (range?.first === start && !isEncoded(response))
        return fetched(question, response, start, range.size)
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
      if (start === 0) throw await refusal(question, response)
      await response.body?.cancel()
      return fetchBlob(asker, question, 0)
    default:
      throw await refusal(question, response)
  }
}

function fetched(
  question: Question,
  response: Response,
  start: number,
  size: number | undefined,
): FetchedBlob {
  const body = response.body ?? new Response('').body!
  return { start, ...(size !== undefined && { size }), body: withErrors(question, body) }
}

function withErrors({ what, facts, signal }: Question, body: ReadableStream<Uint8Array>) {
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

function readContentRange(response: Response): { first: number; size?: number } | undefined {
  const range = CONTENT_RANGE.exec(response.headers.get('Content-Range') ?? '')
  if (range === null) return undefined
  const [first, last, size] = range.slice(1).map(Number) as [number, number, number]
  if (range[3] === '*') return { first }
  return first <= last && last < size ? { first, size } : undefined
}

function lengthOf(response: Response): number | undefined {
  const length = response.headers.get('Content-Length')
  return length !== null && /^\d{1,15}$/.test(length) ? Number(length) : undefined
}

/** Against what was asked; then the lengths are those of other bytes. */
function isEncoded(response: Response): boolean {
  return !['', 'identity'].includes((response.headers.get('Content-Encoding') ?? '').trim().toLowerCase())
}
