import { echoed } from '../clients.ts'

/** What a server made of the bytes of one connection. */
export interface Outcome {
  readonly statuses: readonly number[]
  /** The requests that it took for such, HEAD aside, which nobody can echo. */
  readonly requests: readonly string[]
  /** Why it refused the last one, if it said so. */
  readonly refusal: string | undefined
}

export function outcomeOf(received: string): Outcome {
  // An interim answer is none.
  const statuses = [...received.matchAll(/HTTP\/1\.1 (\d\d\d) /g)]
    .map(([, status]) => Number(status))
    .filter((status) => status >= 200)
  const said = /"message":"([^"]*)"/.exec(received)?.[1]
  const last = statuses.at(-1) ?? 0
  // To HEAD no reason can be given.
  return {
    statuses,
    requests: echoed(received),
    refusal: said ?? (last >= 400 ? `HEAD, ${last}` : undefined),
  }
}

/**
 * Where the listener may be stricter than node:http, by why it refuses: it must be sure where a request ends, and
 * refuses the same on every runtime.
 */
const STRICTER: ReadonlySet<string> = new Set([
  'this is not a well-formed HTTP request',
  'this is TLS, and this port speaks plain HTTP: ask by http',
  'this is not HTTP/1.1',
  'this is no proxy: GET and HEAD are all it answers',
  'a request has exactly one Host header',
  'Content-Length is not one number of bytes',
  'Transfer-Encoding is not chunked, or not alone',
  'Expect is not 100-continue',
  'the request ends within its headers',
  'HEAD, 400',
  'HEAD, 417',
  'HEAD, 505',
])

/**
 * Names the kind of difference between the listener and node:http; `undefined` when there is none. Every kind that is
 * meant to be is listed in `MEANT`.
 */
export function nameDifference(ours: Outcome, reference: Outcome): string | undefined {
  const answered = ours.requests.length
  const isPrefix = ours.requests.every((request, index) => request === reference.requests[index])
  if (!isPrefix) return 'sees a request that node:http does not'
  const [status, theirs] = [ours.statuses.at(-1) ?? 0, reference.statuses[ours.statuses.length - 1] ?? 0]
  if (ours.refusal !== undefined) {
    if (theirs >= 400 || theirs === 0)
      return status === theirs ? undefined : `refuses in other words: ${ours.refusal}`
    return STRICTER.has(ours.refusal)
      ? `is stricter: ${ours.refusal}`
      : `refuses for no reason: ${ours.refusal}`
  }
  if (theirs >= 400 && status < 400) return `is looser: ${status} for ${theirs}`
  if (reference.requests.length > answered || reference.statuses.length > ours.statuses.length) {
    return 'hangs up earlier'
  }
  return undefined
}

/** The differences that are meant to be, each with its reason. */
export const MEANT: readonly (readonly [kind: RegExp, why: string])[] = [
  [/^is stricter: /, 'RFC 9112 allows it to be; node:http reads on where two parsers may differ'],
  [/^refuses in other words: /, 'every refusal has a status of its own and an OCI body'],
  [/^hangs up earlier$/, 'after a body, Expect or HTTP/1.0 nothing more is read'],
]

export function isMeant(kind: string): boolean {
  return MEANT.some(([pattern]) => pattern.test(kind))
}
