/**
 * The bytes that come as a body: nothing is fetched before it is read, and `abort` ends what is fetched when it is given
 * up. It fails as they do. `first` is what was asked of them already.
 */
export function streamOf(
  bytes: AsyncIterator<Uint8Array>,
  first: Promise<IteratorResult<Uint8Array>> | undefined,
  abort: AbortController,
): ReadableStream<Uint8Array> {
  let next = first
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await (next ?? bytes.next())
        next = undefined
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel(reason) {
        abort.abort(reason)
        // One that waits for nothing but to be asked for more is told nothing by that: what it has open, it closes now.
        bytes.return?.().catch(() => {})
      },
    },
    { highWaterMark: 0 },
  )
}
