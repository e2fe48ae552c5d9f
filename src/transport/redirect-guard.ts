import { type AddressGuardRuntime, createAddressGuard } from './address-guard.ts'
import type { Layer } from './fetch.ts'

const REDIRECTS_MAX = 5
const REDIRECTS = [301, 302, 303, 307, 308]

/**
 * Follows redirects of GET and HEAD by hand, because `fetch` would also follow from https to http. Each hop goes through
 * the layers below. Ends with an error on a loop, after five hops, on an address that is no plain http or https, and on
 * one that an {@link createAddressGuard} refuses to a server like the one that was asked first; a credential of the
 * caller's does not travel to another origin.
 */
export function withRedirectGuard(runtime: AddressGuardRuntime): Layer {
  const guard = createAddressGuard(runtime)
  return (next) => async (url, init) => {
    const headers = new Headers(init.headers)
    const seen = new Set<string>()
    const first = new URL(url)
    let at = first
    for (;;) {
      seen.add(at.href)
      const response = await next(at.href, { ...init, headers, redirect: 'manual' })
      if (!REDIRECTS.includes(response.status)) return response
      await response.body?.cancel()
      const to = target(response, at)
      if (seen.has(to.href)) throw new Error(`a redirect that leads back to ${withoutQuery(to)}`)
      if (seen.size > REDIRECTS_MAX) throw new Error(`more than ${REDIRECTS_MAX} redirects`)
      const refused = await guard.refuses(first, to)
      if (refused !== undefined) throw new Error(`a redirect ${refused}`)
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
