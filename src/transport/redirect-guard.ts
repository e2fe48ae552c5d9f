import type { Layer } from './fetch.ts'

const REDIRECTS_MAX = 5
const REDIRECTS = [301, 302, 303, 307, 308]

/**
 * Follows redirects of GET and HEAD by hand, because `fetch` would also follow from https to http. Each hop goes through
 * the layers below. Ends with an error on a loop, after five hops, and on an address that is no plain http or https; a
 * credential of the caller's does not travel to another origin.
 */
export function withRedirectGuard(): Layer {
  return (next) => async (url, init) => {
    const headers = new Headers(init.headers)
    const seen = new Set<string>()
    let at = new URL(url)
    for (;;) {
      seen.add(at.href)
      const response = await next(at.href, { ...init, headers, redirect: 'manual' })
      if (!REDIRECTS.includes(response.status)) return response
      await response.body?.cancel()
      const to = target(response, at)
      if (seen.has(to.href)) throw new Error(`a redirect that leads back to ${withoutQuery(to)}`)
      if (seen.size > REDIRECTS_MAX) throw new Error(`more than ${REDIRECTS_MAX} redirects`)
      if (to.origin !== at.origin) headers.delete('Authorization')
      at = to
    }
  }
}

function target(response: Response, from: URL): URL {
  const location = response.headers.get('Location')
  const to = location === null ? null : URL.parse(location, from.href)
  if (to === null) throw new Error(`a redirect (${response.status}) that leads nowhere`)
  if (to.protocol !== 'https:' && to.protocol !== 'http:') {
    throw new Error(`a redirect to ${to.protocol}, which is neither http nor https`)
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new Error(`a redirect from https to ${withoutQuery(to)}, which anyone on the way may change`)
  }
  if (to.username !== '' || to.password !== '') throw new Error('a redirect with a user name or password')
  return to
}

/** The query of a signed address is a secret. */
function withoutQuery({ origin, pathname }: URL): string {
  return origin + pathname
}
