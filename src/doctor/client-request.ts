import { MANIFEST_ACCEPT } from '../oci/manifest.ts'
import type { Runtime } from '../runtime.ts'
import { TimeoutError } from '../transport/timeout.ts'
import { watchBody } from '../transport/watch-body.ts'

/** How long one request may take, its body included, in milliseconds. */
const TIMEOUT = 10_000

/**
 * Gets what is there as a container client does, who takes manifests of every kind; of a blob, a part of it; by the name
 * `host` where that is not the one of the URL.
 */
export async function getAsClient(
  url: string,
  { fetch, after }: Pick<Runtime, 'fetch' | 'after'>,
  range?: string,
  host?: string,
): Promise<Response> {
  const abort = new AbortController()
  const callOff = after(TIMEOUT, () => abort.abort(new TimeoutError(TIMEOUT)))
  try {
    const headers = {
      Accept: `${MANIFEST_ACCEPT}, */*`,
      ...(range !== undefined && { Range: range }),
      ...(host !== undefined && { Host: host }),
    }
    return watchBody(await fetch(url, { method: 'GET', headers, signal: abort.signal }), { end: callOff })
  } catch (error) {
    callOff()
    throw error
  }
}
