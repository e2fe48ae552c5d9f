import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { Readable } from 'node:stream'
import type { FetchInit } from '../../runtime.ts'

/** Answers that may have no body (RFC 9110, 6.4.1). */
const WITHOUT_BODY = [204, 205, 304]

/**
 * Sends a long body of known length, over a connection of its own and without the queues of `fetch`. A piece is done with
 * when the next one is read. An answer that comes before the end of the body ends it. Rejects as `fetch` does, and with what
 * the body fails with.
 */
export async function bulkPut(
  url: string,
  init: FetchInit & { readonly body: ReadableStream<Uint8Array> },
): Promise<Response> {
  const { method = 'PUT', headers, body, signal } = init
  signal?.throwIfAborted()
  const reader = body.getReader()
  const send = url.startsWith('https:') ? requestHttps : requestHttp
  const request = send(url, { method, headers: Object.fromEntries(new Headers(headers ?? {})), agent: false })
  const giveUp = () => request.destroy(signal?.reason)
  signal?.addEventListener('abort', giveUp, { once: true })
  request.once('close', () => signal?.removeEventListener('abort', giveUp))
  const answered = answerTo(request)
  const sent = sendAll(reader, request, answered)
  try {
    // One that fails because the other end has answered and hung up is told by the answer.
    const incoming = await Promise.race([answered, sent.then(() => answered)])
    // What of the body was not sent by then never is.
    incoming.once('end', () => request.destroy())
    return toResponse(incoming, url)
  } catch (error) {
    request.destroy()
    if (signal?.aborted) throw signal.reason
    throw isOfBody(error) ? error.cause : new TypeError('fetch failed', { cause: error })
  } finally {
    reader.cancel().catch(() => {})
  }
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request.once('response', resolve)
  request.on('error', reject)
  promise.catch(() => {})
  return promise
}

/** What the body itself failed with. */
class BodyFailed extends Error {}

function isOfBody(error: unknown): error is BodyFailed {
  return error instanceof BodyFailed
}

async function sendAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  request: ClientRequest,
  answered: Promise<IncomingMessage>,
): Promise<void> {
  let isOver = false
  answered.then(
    () => (isOver = true),
    () => (isOver = true),
  )
  while (!isOver) {
    const { done, value } = await reader.read().catch((cause) => {
      throw new BodyFailed('the body failed', { cause })
    })
    if (done) break
    await new Promise<void>((resolve) => {
      // Called when the system has taken it, and when nothing is taken any more: then the request says why.
      request.write(value, () => resolve())
    })
  }
  if (!isOver) request.end()
}

function toResponse(incoming: IncomingMessage, url: string): Response {
  const { statusCode: status = 0, rawHeaders } = incoming
  const headers = new Headers()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index]!, rawHeaders[index + 1]!)
  }
  const hasBody = !WITHOUT_BODY.includes(status)
  if (!hasBody) incoming.resume()
  const body = hasBody ? (Readable.toWeb(incoming) as ReadableStream<Uint8Array>) : null
  const response = new Response(body, { status, headers })
  // A response that is made has no address, but errors name it.
  Object.defineProperty(response, 'url', { value: url })
  return response
}
