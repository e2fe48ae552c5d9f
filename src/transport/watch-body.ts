/** What stands around the body of a response. */
export interface BodyWatch {
  /** Stands around each read; by default the read itself. */
  read?(read: BodyRead): ReturnType<BodyRead>
  /** Called once: the body was read to its end, failed, or was cancelled. */
  end?(): void
}

export type BodyRead = ReadableStreamDefaultReader<Uint8Array>['read']

/** The same response, its body watched. Nothing is read before it is asked for; one without a body ends at once. */
export function watchBody(response: Response, watch: BodyWatch): Response {
  if (response.body === null) {
    watch.end?.()
    return response
  }
  const watched = new Response(watchStream(response.body, watch), response)
  // A response that is made has no address, but errors name it.
  Object.defineProperty(watched, 'url', { value: response.url })
  return watched
}

/** The same stream, watched. */
export function watchStream(body: ReadableStream<Uint8Array>, watch: BodyWatch): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const read = () => reader.read()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await (watch.read === undefined ? read() : watch.read(read))
          if (!done) {
            controller.enqueue(value)
            return
          }
          watch.end?.()
          controller.close()
        } catch (error) {
          watch.end?.()
          throw error
        }
      },
      async cancel(reason) {
        watch.end?.()
        await reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

/** The same stream of lent pieces, of which each stays what it is when the next one is read. */
export function copied(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  return watchStream(body, {
    async read(next) {
      const result = await next()
      return result.done ? result : { done: false, value: result.value.slice() }
    },
  })
}
