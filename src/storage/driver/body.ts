import { PortolanError } from '../../errors.ts'
import { type Deadline, SILENCE_TIME } from './deadline.ts'

export interface BodyFacts {
  readonly location: string
  readonly key: string
  /** Bytes that have to come. */
  readonly length: number
  /** What the request was made with. */
  readonly deadline: Deadline
}

/**
 * The body of an answer as a stream that reads on only when it is read. It breaks with `UNREACHABLE` when the bytes
 * stop coming and `CONTENT_INVALID` when there are more than were promised; cancelling it ends the request.
 */
export function bodyStream(
  body: AsyncIterable<Uint8Array>,
  { location, key, length, deadline }: BodyFacts,
): ReadableStream<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]()
  let received = 0
  const broken = (code: 'UNREACHABLE' | 'CONTENT_INVALID', what: string) =>
    new PortolanError(code, `${location} ${what}: ${JSON.stringify(key)}, ${received} of ${length} bytes`, {
      location,
      key,
      received,
      length,
    })
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        deadline.set(SILENCE_TIME)
        const next = await iterator.next().catch(() => undefined)
        deadline.clear()
        if (next === undefined) throw broken('UNREACHABLE', 'broke off')
        if (next.done !== true) {
          received += next.value.length
          if (received <= length) return controller.enqueue(next.value)
          deadline.end()
          throw broken('CONTENT_INVALID', 'sent too much')
        }
        if (received < length) throw broken('UNREACHABLE', 'broke off')
        return controller.close()
      },
      async cancel() {
        deadline.end()
        await iterator.return?.().catch(() => {})
      },
    },
    { highWaterMark: 0 },
  )
}

/** A stream of no bytes. */
export function emptyBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() })
}
