import { PortolanError } from '../../errors.ts'
import type { Runtime } from '../../runtime.ts'
import { readBody } from '../../transport/read-body.ts'
import { reasonOf } from '../../transport/reason.ts'
import { withRedirectGuard } from '../../transport/redirect-guard.ts'
import type { Provider } from '../provider.ts'

export interface FetchListOptions {
  /** How long one list may take altogether, in milliseconds. */
  readonly timeout?: number
  /** Gives the download up when it aborts. */
  readonly signal?: AbortSignal
}

/** The part of a runtime that downloads lists. */
export type ListRuntime = Pick<Runtime, 'fetch' | 'after' | 'now' | 'lookup'>

/** A list as it came, and what to ask with next time, so that an unchanged one need not come again. */
export interface FetchedList {
  readonly bytes: Uint8Array
  /** The list's address. */
  readonly url: string
  readonly validators: Validators
}

/** What a server said about a version of a list (RFC 9110, section 8.8). */
export interface Validators {
  readonly url: string
  readonly etag?: string
  readonly lastModified?: string
}

const TIMEOUT = 60_000
/** A page that only names the list. */
const PAGE_MAX_BYTES = 5_000_000

/**
 * Downloads the list of a provider; `unchanged` when the server says that it is still the one of `known`.
 *
 * Throws `UNREACHABLE` when the list does not come, and `CONTENT_INVALID` when it is longer than it may be; both name
 * provider and address.
 */
export async function fetchList(
  runtime: ListRuntime,
  provider: Provider,
  { timeout = TIMEOUT, signal: stop }: FetchListOptions = {},
  known?: Validators,
): Promise<FetchedList | 'unchanged'> {
  const { fetch, after } = runtime
  const abort = new AbortController()
  const late = new Error(`no complete answer within ${timeout / 1000} s`)
  const callOff = after(timeout, () => abort.abort(late))
  const signal = stop === undefined ? abort.signal : AbortSignal.any([abort.signal, stop])
  // An unguarded one would also go on from https to http, where anyone on the way may change the list.
  const guarded = withRedirectGuard(runtime)(fetch)
  let url = provider.url
  try {
    if (provider.locate !== undefined) {
      const page = await guarded(url, { signal })
      const html = await readWhole(provider, url, page, PAGE_MAX_BYTES)
      url = provider.locate(new TextDecoder().decode(html))
    }
    const headers = known?.url === url ? conditionsOf(known) : {}
    const response = await guarded(url, { headers, signal })
    if (response.status === 304 && known?.url === url) {
      await response.body?.cancel()
      return 'unchanged'
    }
    const bytes = await readWhole(provider, url, response, provider.maxBytes)
    const etag = response.headers.get('ETag')
    const lastModified = response.headers.get('Last-Modified')
    return {
      bytes,
      url,
      validators: { url, ...(etag !== null && { etag }), ...(lastModified !== null && { lastModified }) },
    }
  } catch (error) {
    if (error instanceof PortolanError) throw error
    const why = abort.signal.aborted ? late.message : reasonOf(error)
    const message = `cannot fetch the list of ${provider.title} from ${withoutSecrets(url)}: ${why}`
    throw new PortolanError('UNREACHABLE', message, { provider: provider.id, why }, error)
  } finally {
    callOff()
    // Nothing is left to read, unless an error came first: then the rest of the body must not come either.
    abort.abort()
  }
}

function conditionsOf({ etag, lastModified }: Validators): Record<string, string> {
  return {
    ...(etag !== undefined && { 'If-None-Match': etag }),
    ...(lastModified !== undefined && { 'If-Modified-Since': lastModified }),
  }
}

async function readWhole(
  provider: Provider,
  url: string,
  response: Response,
  limit: number,
): Promise<Uint8Array> {
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`it answered ${response.status}`)
  }
  const bytes = await readBody(response, limit)
  if (bytes !== undefined) return bytes
  const message = `the list of ${provider.title} from ${withoutSecrets(url)} is refused: it is larger than the ${limit} bytes allowed`
  throw new PortolanError('CONTENT_INVALID', message, { provider: provider.id, limit })
}

/** A mirror's address may hold credentials and tokens. */
function withoutSecrets(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}
