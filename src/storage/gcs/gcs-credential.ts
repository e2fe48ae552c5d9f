import type { PortolanError } from '../../errors.ts'
import type { Fetch } from '../../runtime.ts'
import type { GcsKey } from './gcs-key.ts'

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
  return authorizeBy(refused, async () => {
    const { GoogleAuth } = await import('google-auth-library')
    return new GoogleAuth({
      scopes: SCOPE,
      projectId: NO_PROJECT,
      clientOptions: { transporterOptions: transporterFor(fetch) },
    })
  })
}

/** A credential that the config names, of a service account, a workload identity or a user. */
export function givenCredentials(fetch: Fetch, refused: () => PortolanError, key: GcsKey): Authorize {
  return authorizeBy(refused, async () => {
    const { JWT, UserRefreshClient, ExternalAccountClient } = await import('google-auth-library')
    const transporterOptions = transporterFor(fetch)
    switch (key.type) {
      case 'service_account':
        return new JWT({ email: key.client_email, key: key.private_key, scopes: SCOPE, transporterOptions })
      case 'authorized_user':
        return new UserRefreshClient({
          ...{ clientId: key.client_id, clientSecret: key.client_secret, refreshToken: key.refresh_token },
          transporterOptions,
        })
      case 'external_account': {
        const client = ExternalAccountClient.fromJSON({ ...key, scopes: [SCOPE], transporterOptions })
        if (client === null) throw refused()
        return client
      }
    }
  })
}

/** Proxies and certificates are the runtime's affair. */
function transporterFor(fetch: Fetch) {
  return {
    fetchImplementation: (url: string | URL | Request, init?: RequestInit) => fetch(urlOf(url), init ?? {}),
  }
}

/** As much of Google's clients as is used here. */
interface TokenClient {
  getRequestHeaders(url: string): Promise<Headers>
}

function authorizeBy(refused: () => PortolanError, open: () => Promise<TokenClient>): Authorize {
  let client: Promise<TokenClient> | undefined
  return async (url) => {
    client ??= open()
    try {
      return Object.fromEntries(await (await client).getRequestHeaders(url))
    } catch {
      throw refused()
    }
  }
}

function urlOf(asked: string | URL | Request): string {
  return asked instanceof Request ? asked.url : String(asked)
}
