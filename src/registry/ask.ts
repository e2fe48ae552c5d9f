import { PortolanError } from '../errors.ts'
import { retry } from '../internal/retry.ts'
import type { Fetch, Runtime } from '../runtime.ts'
import { certificateAdvice } from '../transport/certificate-advice.ts'
import { readBody } from '../transport/read-body.ts'
import { causeCodeOf, reasonOf } from '../transport/reason.ts'
import type { RegistryQuestion } from './question.ts'
import { refusal, verbOf } from './refusal.ts'

/** An answer that was read to its end. */
export interface Document {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly headers: Headers
}

/** The ways to ask a registry that its parts share. */
export interface Asker {
  /** The answer, whatever its status. Rejects with a PortolanError, or with the reason of the question's signal. */
  ask(question: RegistryQuestion): Promise<Response>
  /** The whole of a 200 answer, of at most `maxBytes`; `undefined` for 404. Any other rejects. */
  read(question: RegistryQuestion, maxBytes: number): Promise<Document | undefined>
  /** The same, unless it is what an entity tag names: `unchanged` for 304 (RFC 9110, 13.1.2). */
  readUnless(
    entityTag: string,
    question: RegistryQuestion,
    maxBytes: number,
  ): Promise<Document | 'unchanged' | undefined>
}

/** How long the body of a document may take from its first byte to its last, in milliseconds. */
const BODY_TIMEOUT = 60_000
/** A body that breaks off is asked for again, since the layers below retry only what has not begun. */
const READS = { attempts: 3, backoff: { first: 100, max: 1000 } }

/** Asks by `fetch`, which stands for the registry with all the layers around it. */
export function createAsker(runtime: Runtime, fetch: Fetch): Asker {
  const ask = async ({
    url,
    what,
    facts,
    method = 'GET',
    headers,
    body,
    signal,
    lend,
  }: RegistryQuestion): Promise<Response> => {
    try {
      // A compressed body would have another length than the one that is stated, and none of its ranges would fit.
      const sent = { 'Accept-Encoding': 'identity', ...headers }
      return await fetch(url, {
        method,
        headers: sent,
        ...bodyOf(body),
        ...(signal && { signal }),
        ...(lend && { lend }),
      })
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      if (error instanceof PortolanError) {
        throw new PortolanError(
          error.code,
          `cannot ${verbOf(method)} ${what}: ${error.message}`,
          facts,
          error,
        )
      }
      throw noAnswer({ url, what, facts, method }, error)
    }
  }
  const readOnce = async (
    question: RegistryQuestion,
    maxBytes: number,
    known?: string,
  ): Promise<Document | 'unchanged' | undefined> => {
    const abort = new AbortController()
    const headers = { ...question.headers, ...(known !== undefined && { 'If-None-Match': known }) }
    const response = await ask({ ...question, headers, signal: abort.signal })
    if (response.status === 304 && known !== undefined) {
      await response.body?.cancel()
      return 'unchanged'
    }
    if (response.status === 404) {
      await response.body?.cancel()
      return undefined
    }
    const late = () => abort.abort(new Error(`the body did not end within ${BODY_TIMEOUT / 1000} s`))
    const callOff = runtime.after(BODY_TIMEOUT, late)
    try {
      if (response.status !== 200) throw await refusal(question, response)
      const bytes = await readBody(response, maxBytes)
      if (bytes !== undefined) return { bytes, headers: response.headers }
      const message = `${question.what} is larger than the ${maxBytes} bytes allowed`
      throw new PortolanError('CONTENT_INVALID', message, question.facts)
    } finally {
      callOff()
    }
  }
  const read = async (question: RegistryQuestion, maxBytes: number, known?: string) => {
    const again = (error: unknown) => !(error instanceof PortolanError)
    try {
      return await retry(runtime, { ...READS, again }, () => readOnce(question, maxBytes, known))
    } catch (error) {
      throw error instanceof PortolanError ? error : noAnswer(question, error)
    }
  }
  return {
    ask,
    // Without an entity tag nothing is unchanged.
    read: (question, maxBytes) => read(question, maxBytes) as Promise<Document | undefined>,
    readUnless: (entityTag, question, maxBytes) => read(question, maxBytes, entityTag),
  }
}

/** `fetch` takes a stream only when it is told that the answer may come before the stream has ended. */
function bodyOf(body: RegistryQuestion['body']): RequestInit & { duplex?: 'half' } {
  if (body === undefined) return {}
  return body instanceof ReadableStream ? { body, duplex: 'half' } : { body: body as Uint8Array<ArrayBuffer> }
}

function noAnswer({ url, what, facts, method }: RegistryQuestion, error: unknown): PortolanError {
  const { origin } = new URL(url)
  const advice =
    certificateAdvice(causeCodeOf(error) ?? '') ?? `check that ${origin} can be reached from here`
  const message = `cannot ${verbOf(method)} ${what}: ${reasonOf(error)}; ${advice}`
  return new PortolanError('UNREACHABLE', message, facts, error)
}
