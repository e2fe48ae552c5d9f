import type { Runtime } from '../../runtime.ts'
import { cloudFailure } from './cloud-failure.ts'
import type { Issued } from './kept-credential.ts'

/** Artifact Registry knows no narrower one; what may be read is up to the roles of the identity. */
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'
/** No request names a project; not knowing one, the library asks gcloud and other services of Google's for it. */
const NO_PROJECT = 'none'
/** By which Google's registries know that the password is an access token. */
const USERNAME = 'oauth2accesstoken'
/** What is left, in milliseconds, where a token does not say so: short, so that another is asked for soon. */
const LIFETIME = 5 * 60_000

/**
 * The login to Google's registries of whoever this machine is to Google: an access token by Application Default
 * Credentials. Rejects with `ACCESS_DENIED` or `UNREACHABLE`.
 */
export async function issueGoogleLogin(
  host: string,
  { fetch, date }: Pick<Runtime, 'fetch' | 'date'>,
): Promise<Issued> {
  try {
    const { GoogleAuth } = await import('google-auth-library')
    // Each time anew: it would go on giving a token that the registry has refused.
    const auth = new GoogleAuth({
      scopes: SCOPE,
      projectId: NO_PROJECT,
      // Proxies and certificates are the runtime's affair.
      clientOptions: {
        transporterOptions: {
          fetchImplementation: (url, init) =>
            fetch(url instanceof Request ? url.url : String(url), init ?? {}),
        },
      },
    })
    const client = await auth.getClient()
    const { token } = await client.getAccessToken()
    if (!token) throw new Error('no token')
    const expires = client.credentials.expiry_date
    const lifetime = expires == null ? LIFETIME : expires - date().getTime()
    return {
      credential: { kind: 'password', username: USERNAME, password: token },
      lifetime: Math.max(0, lifetime),
    }
  } catch (error) {
    const needed =
      'this machine needs an identity of Google (Application Default Credentials) that may read the registry'
    throw cloudFailure(host, needed, error)
  }
}
