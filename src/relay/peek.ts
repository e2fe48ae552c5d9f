/** A body of which the beginning was read already. */
export interface Peeked {
  /** Bytes that were read. */
  readonly length: number
  /** Whether there are no more. */
  readonly isWhole: boolean
  /** All of it, what was read included. */
  readonly body: ReadableStream<Uint8Array>
}

/** Reads at least so many bytes of a body, or all that it has. Rejects as the body does. */
export async function peek(body: ReadableStream<Uint8Array>, bytes: number): Promise<Peeked> {
  const reader = body.getReader()
  const read: Uint8Array[] = []
  let length = 0
  let isWhole = false
  while (length < bytes) {
    const { done, value } = await reader.read()
    if (done) {
      isWhole = true
      break
    }
    read.push(value)
    length += value.length
  }
  const again = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const first = read.shift()
        if (first !== undefined) {
          controller.enqueue(first)
          return
        }
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  return { length, isWhole, body: again }
}
