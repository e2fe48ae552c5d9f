import type { GoogleAuth } from 'google-auth-library'
import type { PortolanError } from '../../errors.ts'
import type { Fetch } from '../../runtime.ts'

/** Gives the headers that say who asks. */
export type Authorize = (url: string) => Promise<Record<string, string>>

/** What tokens are asked for: objects, and nothing of how a bucket is set up. */
const SCOPE = 'https://www.googleapis.com/auth/devstorage.read_write'

/** No request names a project; not knowing one, the library asks gcloud and other services of Google's for it. */
const NO_PROJECT = 'none'

/** Nobody, as emulators want it. */
export const anonymous: Authorize = async () => ({})

/** The Application Default Credentials of Google's own library, which is loaded for the first request. */
export function defaultCredentials(fetch: Fetch, refused: () => PortolanError): Authorize {
  let auth: Promise<GoogleAuth> | undefined
  return async (url) => {
    auth ??= import('google-auth-library').then(
      ({ GoogleAuth }) =>
        new GoogleAuth({
          scopes: SCOPE,
          projectId: NO_PROJECT,
          // Proxies and certificates are the runtime's affair.
          clientOptions: {
            transporterOptions: { fetchImplementation: (url, init) => fetch(urlOf(url), init ?? {}) },
          },
        }),
    )
    try {
      return Object.fromEntries(await (await auth).getRequestHeaders(url))
    } catch {
      throw refused()
    }
  }
}

function urlOf(asked: string | URL | Request): string {
  return asked instanceof Request ? asked.url : String(asked)
}
