import type { TokenCredential } from '@azure/identity'
import { PortolanError } from '../../errors.ts'
import type { Runtime } from '../../runtime.ts'
import { readBody } from '../../transport/read-body.ts'
import { cloudFailure } from './cloud-failure.ts'
import type { Issued } from './kept-credential.ts'

/** What Azure's registries take tokens for. */
const SCOPE = 'https://containerregistry.azure.net/.default'
/** In milliseconds, where a token does not say so. */
const LIFETIME = 3_600_000
const TIMEOUT = 30_000
const ANSWER_MAX_BYTES = 256 * 1024

/**
 * The login to an Azure Container Registry of whoever this machine is to Azure: its token, exchanged for one of the
 * registry's (`/oauth2/exchange`). Rejects with `ACCESS_DENIED` or `UNREACHABLE`.
 */
export async function issueAcrLogin(
  host: string,
  runtime: Pick<Runtime, 'fetch' | 'date' | 'after'>,
): Promise<Issued> {
  try {
    const access = await (await openIdentity(process.env)).getToken(SCOPE)
    if (access === null) throw new Error('no token')
    const token = await exchange(host, access.token, runtime)
    const ends = endOf(token)
    const lifetime = ends === undefined ? LIFETIME : ends - runtime.date().getTime()
    return { credential: { kind: 'identityToken', token }, lifetime: Math.max(0, lifetime) }
  } catch (error) {
    throw cloudFailure(host, 'this machine needs an identity of Azure with the role AcrPull', error)
  }
}

/** Where Azure says by the environment who this is: a pod by its cluster, a service principal, or else the machine. */
async function openIdentity({
  AZURE_FEDERATED_TOKEN_FILE,
  AZURE_CLIENT_SECRET,
  AZURE_CLIENT_CERTIFICATE_PATH,
  AZURE_CLIENT_ID,
}: NodeJS.ProcessEnv): Promise<TokenCredential> {
  const { EnvironmentCredential, ManagedIdentityCredential, WorkloadIdentityCredential } = await import(
    '@azure/identity'
  )
  if (AZURE_FEDERATED_TOKEN_FILE) return new WorkloadIdentityCredential()
  if (AZURE_CLIENT_SECRET || AZURE_CLIENT_CERTIFICATE_PATH) return new EnvironmentCredential()
  return AZURE_CLIENT_ID
    ? new ManagedIdentityCredential({ clientId: AZURE_CLIENT_ID })
    : new ManagedIdentityCredential()
}

async function exchange(
  host: string,
  token: string,
  { fetch, after }: Pick<Runtime, 'fetch' | 'after'>,
): Promise<string> {
  const abort = new AbortController()
  const callOff = after(TIMEOUT, () => abort.abort(new Error('it takes too long')))
  try {
    const body = new URLSearchParams({ grant_type: 'access_token', service: host, access_token: token })
    const request: RequestInit = { method: 'POST', body, redirect: 'manual', signal: abort.signal }
    const response = await fetch(`https://${host}/oauth2/exchange`, request)
    const answer = await readBody(response, ANSWER_MAX_BYTES)
    const { status } = response
    const given = status === 200 && answer !== undefined ? readToken(answer) : undefined
    if (given !== undefined) return given
    const code = status >= 400 && status < 500 && status !== 429 ? 'ACCESS_DENIED' : 'UNREACHABLE'
    const message = `${host} gave no token for that of Azure: it answered ${status}; this machine's identity needs the role AcrPull`
    throw new PortolanError(code, message, { registry: host, status })
  } finally {
    callOff()
  }
}

function readToken(answer: Uint8Array): string | undefined {
  const { refresh_token: token } = JSON.parse(new TextDecoder().decode(answer)) as { refresh_token?: unknown }
  return typeof token === 'string' && token !== '' ? token : undefined
}

/** When a token ends (RFC 7519, `exp`), in milliseconds since 1970: only so as to get the next in time, so it is not checked. */
function endOf(token: string): number | undefined {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
    const { exp } = JSON.parse(payload) as { exp?: unknown }
    return typeof exp === 'number' ? exp * 1000 : undefined
  } catch {
    return undefined
  }
}
