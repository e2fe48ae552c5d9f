import { ecrOf } from '../../config/cloud-registry.ts'
import { PortolanError } from '../../errors.ts'
import type { Runtime } from '../../runtime.ts'
import { createAgents } from '../node/outbound.ts'
import { cloudFailure } from './cloud-failure.ts'
import type { Issued } from './kept-credential.ts'

/** In milliseconds. */
const CONNECT_TIMEOUT = 10_000
const REQUEST_TIMEOUT = 30_000
/** What it is today, where an answer does not say until when its login is good. */
const LIFETIME = 12 * 3_600_000

/**
 * The login to Amazon ECR of whoever this machine is to AWS, by the default chain of credentials of AWS's own library and
 * `GetAuthorizationToken`. Rejects with `ACCESS_DENIED` or `UNREACHABLE`.
 */
export async function issueEcrLogin(host: string, { date }: Pick<Runtime, 'date'>): Promise<Issued> {
  const registry = ecrOf(host)
  if (registry === undefined)
    throw new PortolanError('CONFIG_INVALID', `${host} is no registry of Amazon ECR`)
  const { ECRClient, GetAuthorizationTokenCommand } = await import('@aws-sdk/client-ecr')
  const { http: httpAgent, https: httpsAgent } = createAgents()
  const client = new ECRClient({
    region: registry.region,
    useFipsEndpoint: registry.isFips,
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      httpAgent,
      httpsAgent,
    },
  })
  try {
    const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}))
    const { authorizationToken, expiresAt } = authorizationData?.[0] ?? {}
    const login = Buffer.from(authorizationToken ?? '', 'base64').toString()
    const colon = login.indexOf(':')
    if (colon < 1) throw new PortolanError('ACCESS_DENIED', `Amazon ECR gave no login for ${host}`)
    const lifetime = expiresAt === undefined ? LIFETIME : expiresAt.getTime() - date().getTime()
    return {
      credential: { kind: 'password', username: login.slice(0, colon), password: login.slice(colon + 1) },
      lifetime: Math.max(0, lifetime),
    }
  } catch (error) {
    throw cloudFailure(host, 'this machine needs an identity that may do ecr:GetAuthorizationToken', error)
  } finally {
    client.destroy()
    httpAgent.destroy()
    httpsAgent.destroy()
  }
}
