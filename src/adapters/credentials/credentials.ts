import { homedir } from 'node:os'
import { join } from 'node:path'
import { GenerationalCache } from '../../internal/generational-cache.ts'
import type { Clock } from '../../runtime.ts'
import { type Credential, type Credentials, sameCredential } from '../../transport/credential.ts'
import { systemClock } from '../clock.ts'
import { askHelper } from './helper.ts'
import { isDockerHub, type LoginFile, readLoginFile } from './login-file.ts'

export interface CredentialsOptions {
  /** Says where the files are (`DOCKER_CONFIG`, `XDG_RUNTIME_DIR`), and is handed to helpers. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** The user's home folder. */
  readonly home?: string
  readonly clock?: Pick<Clock, 'now'>
  /** The files to read, in place of those of the user. */
  readonly files?: readonly string[]
  /** How long a helper may take, in milliseconds. */
  readonly helperTimeout?: number
}

/** What is found is used for so long, in milliseconds: helpers take their time, and tell nobody when they rotate. */
const KEPT = 5 * 60_000
/** What was found and refused is looked for anew, if it is older. */
const REFUSED_AGE = 10_000
const HOSTS_MAX = 1000
const HELPER_TIMEOUT = 30_000
/** As every tool of Docker's asks its helpers about Docker Hub. */
const DOCKER_HUB = 'https://index.docker.io/v1/'

/**
 * The credentials of whoever runs this process, as `docker login` and `podman login` leave them, Docker's first:
 * `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`, then `$XDG_RUNTIME_DIR/containers/auth.json`. The files are
 * read anew, so that a login counts while this runs.
 *
 * The function rejects with `FILE_UNREADABLE`, `CONFIG_INVALID` for a file that is not what it should be, and
 * `ACCESS_DENIED` for a helper that does not do its work; no error holds a credential.
 */
export function createCredentials(options: CredentialsOptions = {}): Credentials {
  const { environment = process.env, home = homedir(), clock = systemClock } = options
  const { helperTimeout = HELPER_TIMEOUT, files = filesOf(environment, home) } = options

  const find = async (host: string): Promise<Credential | undefined> => {
    for (const path of files) {
      const file = await readLoginFile(path)
      if (file === undefined) continue
      const found = await findIn(file, host, (helper) =>
        askHelper(helper, helperServer(host), { environment, timeout: helperTimeout }),
      )
      if (found !== undefined) return found
    }
    return undefined
  }

  const kept = new GenerationalCache<string, { found: Promise<Credential | undefined>; since: number }>(
    HOSTS_MAX,
  )
  return async (host, refused) => {
    const known = kept.get(host)
    if (known !== undefined) {
      const age = clock.now() - known.since
      const isRefused = refused !== undefined && sameCredential(await known.found, refused)
      if (age < (isRefused ? REFUSED_AGE : KEPT)) return known.found
      // Others may have looked in the meantime.
      const other = kept.get(host)
      if (other !== undefined && other !== known) return other.found
    }
    const found = find(host.toLowerCase())
    kept.set(host, { found, since: clock.now() })
    // What failed is tried again, and whoever asked hears of the failure.
    found.catch(() => kept.delete(host))
    return found
  }
}

function filesOf(environment: NonNullable<CredentialsOptions['environment']>, home: string): string[] {
  const files = [join(environment.DOCKER_CONFIG || join(home, '.docker'), 'config.json')]
  if (environment.XDG_RUNTIME_DIR) files.push(join(environment.XDG_RUNTIME_DIR, 'containers', 'auth.json'))
  return files
}

/** What helpers are asked about for a host. */
export function helperServer(host: string): string {
  return isDockerHub(host) ? DOCKER_HUB : host
}

/** A helper named for the host comes first, then what stands in the file, then the helper for all hosts. */
async function findIn(
  { helperOf, credentialOf, helper }: LoginFile,
  host: string,
  ask: (helper: string) => Promise<Credential | undefined>,
): Promise<Credential | undefined> {
  const own = helperOf(host)
  if (own !== undefined) return ask(own)
  return credentialOf(host) ?? (helper === undefined ? undefined : ask(helper))
}
