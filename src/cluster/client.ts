import { PortolanError } from '../errors.ts'
import type { Backoff } from '../internal/backoff.ts'
import { checkJsonBounds } from '../internal/json-bounds.ts'
import { retry } from '../internal/retry.ts'
import type { Runtime } from '../runtime.ts'
import { layered } from '../transport/fetch.ts'
import { withIdleTimeout } from '../transport/idle-timeout.ts'
import { readBody } from '../transport/read-body.ts'
import { reasonOf } from '../transport/reason.ts'
import { withRetry } from '../transport/retry.ts'
import { withUserAgent } from '../transport/user-agent.ts'
import type { ClusterAccess, ClusterConnection } from './access.ts'

/** What an API server says to a question. */
export type ClusterAnswer =
  | { readonly kind: 'found'; readonly value: unknown }
  /** 403. */
  | { readonly kind: 'forbidden' }
  /** 404. */
  | { readonly kind: 'missing' }
  /** 410: what is asked for was of a moment that is too long ago. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'failed'; readonly reason: string }

export interface ClusterClient {
  /**
   * Asks for a path. Rejects with `UNREACHABLE`, naming context and host, when no answer comes, when there is no
   * credential, or when the server does not take it.
   */
  get(path: string): Promise<ClusterAnswer>
}

/** Bounds of what one question may take. */
export interface ClusterLimits {
  readonly bodyMaxBytes: number
  /** Lists, objects, and what stands in them. */
  readonly bodyMaxValues: number
  /** For how long nothing may come, in milliseconds. */
  readonly idleTimeout: number
  /** From the question to the end of the answer, in milliseconds. */
  readonly answerTimeout: number
  /** How often a question is asked altogether. */
  readonly attempts: number
}

export interface ClusterClientParts {
  readonly connection: ClusterConnection
  readonly runtime: Pick<Runtime, 'now' | 'date' | 'after' | 'random' | 'userAgent'>
  readonly limits: ClusterLimits
  readonly signal?: AbortSignal
}

const BACKOFF: Backoff = { first: 500, max: 10_000 }
/** How much of a server's own words a reason repeats. */
const ECHO_MAX = 200
const ERROR_MAX_BYTES = 64 * 1024

export function createClusterClient(access: ClusterAccess, parts: ClusterClientParts): ClusterClient {
  const { connection, runtime, limits, signal } = parts
  const send = layered(
    connection.fetch,
    withUserAgent(runtime.userAgent),
    withRetry(runtime, { attempts: limits.attempts }),
    withIdleTimeout(limits.idleTimeout, runtime),
  )
  const ask = async (path: string, isLast: boolean): Promise<ClusterAnswer | undefined> => {
    // Not within the retries: a plugin that gives nothing gives nothing the next moment either.
    await connection.prepare()
    const abort = new AbortController()
    const seconds = limits.answerTimeout / 1000
    const late = () => abort.abort(new Error(`the answer did not end within ${seconds} s`))
    const callOff = runtime.after(limits.answerTimeout, late)
    const ended = signal ? AbortSignal.any([signal, abort.signal]) : abort.signal
    try {
      const init = { headers: { Accept: 'application/json' }, signal: ended }
      const response = await send(access.server + path, init).catch((error) => {
        throw signal?.aborted ? signal.reason : noAnswer(access, error)
      })
      if (response.status === 401) throw refused(access)
      try {
        return await readAnswer(response, limits, isLast)
      } catch (error) {
        if (signal?.aborted) throw signal.reason
        return isLast || abort.signal.aborted ? { kind: 'failed', reason: reasonOf(error) } : undefined
      }
    } finally {
      callOff()
    }
  }
  const { attempts } = limits
  const options = {
    ...{ attempts, backoff: BACKOFF, signal },
    again: (error: unknown) => error instanceof PassingAnswer,
  }
  return {
    get: (path) =>
      retry(runtime, options, async (failures) => {
        const answer = await ask(path, failures + 1 >= attempts)
        if (answer === undefined) throw new PassingAnswer()
        return answer
      }),
  }
}

/** An answer that may be another one the next time. */
class PassingAnswer extends Error {
  override readonly name = 'PassingAnswer'
}

/** The same client, which fails after a moment: `late` is the reason. */
export function clientUntil(
  client: ClusterClient,
  { end, late, runtime }: { end: number; late: string; runtime: Pick<Runtime, 'now'> },
): ClusterClient {
  return {
    get: async (path) => (runtime.now() < end ? await client.get(path) : { kind: 'failed', reason: late }),
  }
}

/** `undefined` for an answer that may be another one the next time, unless it is the last. */
async function readAnswer(
  response: Response,
  { bodyMaxBytes, bodyMaxValues }: ClusterLimits,
  isLast: boolean,
): Promise<ClusterAnswer | undefined> {
  const { status } = response
  if (status === 200) {
    const bytes = await readBody(response, bodyMaxBytes)
    if (bytes === undefined || holdsTooMuch(bytes, bodyMaxValues)) return { kind: 'too-large' }
    try {
      return { kind: 'found', value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) }
    } catch {
      return { kind: 'failed', reason: 'the answer is not JSON' }
    }
  }
  // Read whatever the status, since a connection with an unread answer is of no use for the next question.
  const words = await ownWords(response)
  if (status === 403) return { kind: 'forbidden' }
  if (status === 404) return { kind: 'missing' }
  if (status === 410) return { kind: 'expired' }
  // Other than 503 and its like this is not tried again below; etcd that is slow for a moment shows as one.
  if (status === 500 && !isLast) return undefined
  return { kind: 'failed', reason: `the API server answered ${status}${words}` }
}

/** Whether it would take far more memory than it has bytes. Custom resources may nest as deep as they like. */
function holdsTooMuch(bytes: Uint8Array, values: number): boolean {
  try {
    checkJsonBounds(bytes, { values, depth: values })
    return false
  } catch {
    return true
  }
}

/** The message of a Status of the Kubernetes API, printable and short. */
async function ownWords(response: Response): Promise<string> {
  try {
    const bytes = await readBody(response, ERROR_MAX_BYTES)
    const { message } = JSON.parse(new TextDecoder().decode(bytes)) as { message: string }
    return ` (${message.replace(/[^\x20-\x7e]/g, ' ').slice(0, ECHO_MAX)})`
  } catch {
    // A page of a proxy, or nothing: the status has to do.
    return ''
  }
}

function refused({ context, server, user }: ClusterAccess): PortolanError {
  const who = user === '' ? 'nobody, since the context names no user' : `user ${JSON.stringify(user)}`
  return new PortolanError(
    'UNREACHABLE',
    `the API server ${new URL(server).host} of context ${JSON.stringify(context)} does not know who asks (401): ` +
      `it was asked as ${who}; check that the credential has not expired: kubectl --context ${context} auth whoami`,
    { context, server, status: 401 },
  )
}

function noAnswer({ context, server }: ClusterAccess, error: unknown): PortolanError {
  return new PortolanError(
    'UNREACHABLE',
    `the API server ${new URL(server).host} of context ${JSON.stringify(context)} cannot be reached: ` +
      `${reasonOf(error)}; check the kubeconfig's server, its certificate-authority, and the way there`,
    { context, server },
    error,
  )
}
