import type { CredentialsConfig } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'
import type { Runtime } from '../../runtime.ts'
import type { Credential, Credentials } from '../../transport/credential.ts'
import { createCredentials, helperServer } from './credentials.ts'
import { askHelper } from './helper.ts'
import { type Issued, KeptCredential } from './kept-credential.ts'
import { openLogin } from './login.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface UpstreamCredentialsOptions {
  /** Holds passwords by the names that configs give, and is handed to helpers. */
  readonly environment: Environment
  readonly runtime: Runtime
}

/** How long what a helper says is used, in milliseconds: helpers take their time, and tell nobody when they rotate. */
const HELPER_LIFETIME = 10 * 60_000
const HELPER_TIMEOUT = 30_000

/**
 * Where a mirror has its login to one upstream from, as the config says; nothing is read or loaded before it is asked.
 *
 * The function rejects with `ACCESS_DENIED` when there is no login to be had, and with `UNREACHABLE` when nobody answers who
 * could give one. No error holds a credential, and the reason is for the log alone: errors get as far as clients.
 */
export function openUpstreamCredentials(
  config: CredentialsConfig,
  options: UpstreamCredentialsOptions,
): Credentials {
  return discreet(findCredentials(config, options), options.runtime)
}

/** The same for a command, whose errors are read by whoever runs it: they say the reason, and hold no credential either. */
export function findCredentials(
  config: CredentialsConfig,
  { environment, runtime }: UpstreamCredentialsOptions,
): Credentials {
  switch (config.kind) {
    case 'login': {
      const read = openLogin(config, { environment, log: runtime.log })
      return (_, refused) => read(refused !== undefined)
    }
    case 'dockerConfig': {
      const { file } = config
      const find = createCredentials({ files: [file], environment, clock: runtime })
      return async (host, refused) => found(await find(host, refused), `${file} holds no login for ${host}`)
    }
    case 'helper': {
      const { name } = config
      return keptFor(runtime, async (host) => {
        const server = helperServer(host)
        const answer = await askHelper(name, server, { environment, timeout: HELPER_TIMEOUT })
        const credential = found(answer, `docker-credential-${name} has no login for ${server}`)
        return { credential, lifetime: HELPER_LIFETIME }
      })
    }
    case 'cloud':
      return keptFor(runtime, cloudIssuer(config.cloud, runtime))
  }
}

/** Each is loaded when it is first used: their libraries are large. */
function cloudIssuer(cloud: 'aws' | 'azure' | 'gcp', runtime: Runtime): (host: string) => Promise<Issued> {
  switch (cloud) {
    case 'aws':
      return async (host) => (await import('./ecr.ts')).issueEcrLogin(host, runtime)
    case 'azure':
      return async (host) => (await import('./acr.ts')).issueAcrLogin(host, runtime)
    case 'gcp':
      return async (host) => (await import('./artifact-registry.ts')).issueGoogleLogin(host, runtime)
  }
}

/** How often the same reason is told, in milliseconds. */
const TOLD_AGAIN = 60_000

/** Tells the log why there is no login, and whoever asked only that. */
function discreet(find: Credentials, { log, now }: Pick<Runtime, 'log' | 'now'>): Credentials {
  let told: { readonly reason: string; readonly until: number } | undefined
  return async (host, refused) => {
    try {
      return await find(host, refused)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (told?.reason !== reason || told.until <= now()) {
        told = { reason, until: now() + TOLD_AGAIN }
        log.error({ registry: host, reason }, 'there is no login to an upstream')
      }
      const code =
        error instanceof PortolanError && error.code === 'UNREACHABLE' ? 'UNREACHABLE' : 'ACCESS_DENIED'
      const message = `there is no login to ${host} at the moment; the log of the mirror says why`
      throw new PortolanError(code, message, { registry: host }, error)
    }
  }
}

/** An upstream has one host. */
function keptFor(runtime: Runtime, issue: (host: string) => Promise<Issued>): Credentials {
  let kept: { readonly host: string; readonly credential: KeptCredential } | undefined
  return (host, refused) => {
    if (kept?.host !== host) kept = { host, credential: new KeptCredential(() => issue(host), runtime) }
    return kept.credential.get(refused)
  }
}

function found(credential: Credential | undefined, otherwise: string): Credential {
  if (credential !== undefined) return credential
  throw new PortolanError('ACCESS_DENIED', otherwise)
}
