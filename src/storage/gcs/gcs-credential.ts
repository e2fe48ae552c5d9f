import type { GoogleAuth } from 'google-auth-library'
import { PortolanError } from '../../errors.ts'
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
  return authorizeBy(fetch, refused, {})
}

/**
 * A credential in Google's JSON: of a service account, a workload identity or a user. Throws `CONFIG_INVALID` for what
 * is none.
 */
export function givenCredentials(fetch: Fetch, refused: () => PortolanError, json: string): Authorize {
  return authorizeBy(fetch, refused, { credentials: readCredential(json) })
}

function readCredential(json: string): { readonly type: string } {
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string') {
      return { ...value, type: value.type }
    }
  } catch {
    // What is wrong with it might be a part of it.
  }
  throw new PortolanError(
    'CONFIG_INVALID',
    'the key for Cloud Storage cannot be read: expected the JSON that Google gives, with a "type"',
  )
}

function authorizeBy(
  fetch: Fetch,
  refused: () => PortolanError,
  given: { readonly credentials?: { readonly type: string } },
): Authorize {
  let auth: Promise<GoogleAuth> | undefined
  return async (url) => {
    auth ??= import('google-auth-library').then(
      ({ GoogleAuth }) =>
        new GoogleAuth({
          scopes: SCOPE,
          projectId: NO_PROJECT,
          ...given,
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
