import { type FilePart, isFilePart } from '../../internal/file-part.ts'

/** What is sent piece by piece, and must be given up where it is not. */
export type FlowingBody = ReadableStream<Uint8Array> | FilePart

export function isFlowing(body: unknown): body is FlowingBody {
  return body instanceof ReadableStream || isFilePart(body)
}

/** Where a body goes: a socket, or a response of node:http. */
export interface BodySink {
  write(chunk: Uint8Array): boolean
  once(event: 'drain', listener: () => void): unknown
}

export interface SendBodyOptions {
  /** How many bytes were promised; `undefined` where the end of the body tells. */
  readonly length: number | undefined
  /** Told whenever the client has taken something. */
  readonly onProgress: () => void
  /** All was written. */
  readonly onEnd: () => void
  /** Less was written than promised, and nothing more will be. Never called after `cancel`. */
  readonly onError: (error: unknown) => void
}

/**
 * Writes a body as fast as the sink takes it, and not a byte beyond what was promised. Returns what gives it up: the
 * body is cancelled, whatever waits in it included, and nobody is told anything more.
 */
export function sendBody(
  body: FlowingBody,
  sink: BodySink,
  { length, onProgress, onEnd, onError }: SendBodyOptions,
): () => void {
  const reader = (isFilePart(body) ? body.stream() : body).getReader()
  let isCancelled = false
  let goOn = () => {}

  async function run(): Promise<void> {
    let left = length ?? Number.POSITIVE_INFINITY
    for (;;) {
      const { done, value } = await reader.read()
      if (isCancelled) return
      if (done) break
      left -= value.length
      if (left < 0) throw new Error(`a body is longer than the ${length} bytes that were promised`)
      if (!sink.write(value)) {
        await new Promise<void>((resolve) => {
          goOn = resolve
          sink.once('drain', resolve)
        })
        if (isCancelled) return
      }
      onProgress()
    }
    if (length !== undefined && left > 0) throw new Error(`a body lacks ${left} of ${length} bytes`)
    onEnd()
  }

  run().catch((error) => {
    if (isCancelled) return
    reader.cancel(error).catch(() => {})
    onError(error)
  })
  return () => {
    isCancelled = true
    // A body that cannot even be given up has nobody left to be told.
    reader.cancel().catch(() => {})
    goOn()
  }
}

/** Gives up a body that nobody will read. */
export function cancelBody(body: unknown): void {
  if (body instanceof ReadableStream) body.cancel().catch(() => {})
  else if (isFilePart(body)) body.close()
}
